"""The one place where the API is put together; tests and the command line call the same function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI

from adapters import body_keys, tracing
from adapters.append_queue import AppendQueue
from adapters.append_round import Decide
from adapters.garbage import quiet_gc
from adapters.parcel_log import ParcelLog
from adapters.postgres import open_pool
from adapters.rule_source import RuleSource, install_packs
from adapters.settings import Settings, business_date, require_secrets
from adapters.tokens import TokenVerifier
from api import (
    alerts,
    areas,
    asyncapi,
    batches,
    catalogue,
    exports,
    features,
    health,
    jurisdictions,
    openapi,
    parcels,
    problems,
    proofs,
    regulators,
    rule_book,
    uploads,
)
from api.cursors import Cursors
from api.dependencies import Jurisdictions, Parts
from api.direct import DirectPosts
from api.observing import Metrics, Observing
from api.principals import Authenticator
from api.reports import ReportReader
from api.shown import Shown
from domain.parcel import decide
from projections.worker_lease import refuse_day_back

_log = structlog.get_logger("landcycle.api")
_ROUTERS = (
    parcels.posts, parcels.router, batches.router, jurisdictions.router, areas.router, regulators.router, alerts.router, proofs.router,
    catalogue.router, rule_book.router, exports.router, uploads.router, features.router, health.router,
)  # fmt: skip


def create_app(
    settings: Settings | None = None,
    *,
    decide_by: Decide = decide,
    today: Callable[[], int] | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """The API on a migrated database. Raises UnsafeSettings.

    `decide_by`, `today` (a day number) and `verifier` of access tokens replace what the settings would give.
    """
    chosen = settings or Settings()  # type: ignore[call-arg]  # every field has a default
    require_secrets(chosen)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tracing.start("api")
        with ExitStack() as stack:
            app.state.parts = _assemble(
                stack, chosen, decide_by, today or (lambda: business_date(chosen)), verifier or _verifier(chosen)
            )
            app.state.readings = _readings(stack, chosen, app.state.parts.today)
            quiet_gc()
            yield

    app = FastAPI(
        title="Landcycle",
        version=openapi.VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.endpoint.__name__,
    )
    app.state.metrics = Metrics()
    app.state.alert_streams = set[object]()
    for router in _ROUTERS:
        app.include_router(router)
    openapi.install(app)
    asyncapi.install(app)
    problems.install(app)
    app.add_middleware(DirectPosts, router=parcels.posts)
    app.add_middleware(Observing, metrics=app.state.metrics)
    return app


def _assemble(
    stack: ExitStack, settings: Settings, decide_by: Decide, today: Callable[[], int], verifier: TokenVerifier | None
) -> Parts:
    """Opens what the API needs; the writer has connections of its own, so that no reader keeps it waiting."""
    pool = stack.enter_context(open_pool(settings.database_url, max_size=16, name="landcycle-api"))
    writing = stack.enter_context(open_pool(settings.database_url, max_size=3, name="landcycle-writer"))
    written = ParcelLog(writing)
    refuse_day_back(settings.database_url, today())
    install_packs(written, today())
    _note_body_key(written, settings)
    rules = RuleSource(written)
    rules.refresh()
    queue = stack.enter_context(AppendQueue(written, rules, decide_by, today))
    return Parts(
        settings=settings,
        pool=pool,
        log=ParcelLog(pool),
        rules=rules,
        queue=queue,
        reports=ReportReader(rules, settings.body_hash_key.get_secret_value().encode(), today),
        authenticator=Authenticator(pool, settings, verifier),
        cursors=Cursors(settings.cursor_key.get_secret_value().encode()),
        jurisdictions=Jurisdictions(pool),
        shown=Shown(ParcelLog(pool)),
        today=today,
    )


def _note_body_key(log: ParcelLog, settings: Settings) -> None:
    """Another key than before is said, not refused: whoever lost the old one must be able to go on."""
    with log.connection() as connection:
        if not body_keys.note(connection, settings.body_hash_key.get_secret_value().encode()):
            _log.warning(
                "api.body_hash_key_differs",
                problem="LANDCYCLE_BODY_HASH_KEY与此前所用的不同：此前上报的事件再次上报时将被当作内容不同 (BODY_HASH_KEY_DIFFERS)",
            )


def _readings(stack: ExitStack, settings: Settings, today: Callable[[], int]) -> health.Readings:
    """What health and metrics read, on a connection of their own."""
    pool = stack.enter_context(open_pool(settings.database_url, max_size=1, name="landcycle-health"))
    readings = health.Readings(pool, today)
    stack.callback(readings.close)
    return readings


def _verifier(settings: Settings) -> TokenVerifier | None:
    """Access tokens are taken where issuer, audience and keys are named."""
    issuer, audience, keys = settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url
    return TokenVerifier(issuer, audience, keys) if issuer and audience and keys else None
