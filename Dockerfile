# One image for every process: botpulse web, botpulse worker ..., botpulse setup.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --system --uid 10001 --create-home botpulse
WORKDIR /opt/botpulse

# The libraries first: they change less often than the code.
COPY pyproject.toml README.md LICENSE ./
RUN mkdir app && touch app/__init__.py && pip install --editable .

COPY app app
COPY clickhouse clickhouse
COPY schemas schemas

USER botpulse
ENV BOTPULSE_HOME=/home/botpulse/.botpulse BOTPULSE_HOST=0.0.0.0 BOTPULSE_LOG_FORMAT=json BOTPULSE_TRACEBACK=1
EXPOSE 8080
ENTRYPOINT ["botpulse"]
CMD ["web"]
