# The application image of docker-compose.yml: API, worker and relay are one image with three commands. Non-root.
FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /app/.venv && /app/.venv/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml ./
COPY domain domain
COPY adapters adapters
COPY projections projections
COPY api api
RUN /app/.venv/bin/pip install --no-deps --no-build-isolation --no-index -e .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /app landcycle && mkdir -p /data && chown landcycle /data
WORKDIR /app
COPY --from=build /app /app
USER landcycle
ENV PATH=/app/.venv/bin:$PATH LANDCYCLE_DATA_DIR=/data LANDCYCLE_ENVIRONMENT=production
EXPOSE 8000
CMD ["uvicorn", "api.app:create_app", "--factory", "--host", "0.0.0.0", "--port", "8000"]
