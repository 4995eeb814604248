# The daemon as a container: no root, no shell needed, nothing written outside /state and /tmp.
#   docker build -t duetmind .                       # with extras: --build-arg EXTRAS="apprise boosting"
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -v duetmind-state:/state -v ./duetmind.yaml:/config/duetmind.yaml:ro -p 127.0.0.1:8420:8420 duetmind

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/duetmind
ENV PATH=/opt/duetmind/bin:$PATH
# dependencies first, in a layer that a change of the code leaves alone
COPY pyproject.toml constraints.txt ./
ARG EXTRAS=""
RUN python -c "import os, pathlib, tomllib; p = tomllib.loads(pathlib.Path('pyproject.toml').read_text())['project']; print('\n'.join(sum((p['optional-dependencies'][e] for e in os.environ.get('EXTRAS', '').split()), p['dependencies'])))" > requirements.txt \
 && pip install -c constraints.txt -r requirements.txt
COPY . .
RUN pip install --no-deps . \
 && python -m compileall -q /opt/duetmind/lib

FROM python:3.13-slim
# an init reaps what workers leave behind and passes signals on
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 10001 duetmind \
 && useradd --system --uid 10001 --gid duetmind --home-dir /state --no-create-home --shell /usr/sbin/nologin duetmind \
 && install --directory --owner=duetmind --group=duetmind --mode=0700 /state
COPY --from=build /opt/duetmind /opt/duetmind
ENV PATH=/opt/duetmind/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DUETMIND__STORE__URL=sqlite:////state/duetmind.db \
    DUETMIND__HTTP__HOST=0.0.0.0
USER 10001:10001
WORKDIR /state
VOLUME /state
EXPOSE 8420
# the daemon drains on SIGTERM within 30 s: docker stop --time 35, stop_grace_period in compose
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8420/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "duetmind"]
CMD ["run", "--config", "/config/duetmind.yaml"]
