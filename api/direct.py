"""Posts of single events go straight to their endpoint.

FastAPI's dependencies cost a quarter of a post (2,100 against 2,650 posts a second, measured); an endpoint whose
parameters are the path's texts and the request needs none of them, and stands in the OpenAPI document all the same.
The search for the route and the layers around every other endpoint cost another eighth: `DirectPosts` steps over them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems


class DirectRoute(APIRoute):
    """For endpoints that take path parameters as text and `request`, and answer a Response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Calls the endpoint itself."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            answer: Response = await endpoint(request=request, **request.path_params)
            return answer

        return handle


class DirectPosts:
    """A plain ASGI layer that knows the direct route of a router and lets everything else pass."""

    def __init__(self, app: ASGIApp, router: APIRouter) -> None:
        self._app = app
        self._route = next(one for one in router.routes if isinstance(one, DirectRoute))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the endpoint of the route for its posts; a refusal leaves as a problem document."""
        match = None
        if scope["type"] == "http" and scope["method"] == "POST":
            match = self._route.path_regex.match(scope["path"])
        if match is None:
            await self._app(scope, receive, send)
            return
        scope["route"], scope["path_params"] = self._route, match.groupdict()
        request = Request(scope, receive, send)
        try:
            answer: Response = await self._route.endpoint(request=request, **match.groupdict())
        except Exception as error:
            if problems.problem_of(error) is None:
                raise
            answer = await problems.expected(request, error)
        await answer(scope, receive, send)
