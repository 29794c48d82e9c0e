# syntax=docker/dockerfile:1
#
# The watched folder as a container: slides go into /slides/in, clean ones come out of /slides/out.
#
#   docker build -t blankslide .
#
# Debian and not Alpine: the readers' wheels are made for glibc. Nothing is compiled but our own wheel, no Qt is
# installed, and nothing here runs as root. docs/nas.md says how to use it; scripts/container-check runs it without
# Docker.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY pyproject.toml README.md LICENSE napari.yaml ./
COPY scripts/long_description.py scripts/
COPY src src
RUN pip wheel --no-deps --wheel-dir /wheels .
RUN python -m venv /opt/blankslide \
 && wheel="$(echo /wheels/blankslide-*.whl)" \
 && /opt/blankslide/bin/pip install --only-binary :all: "${wheel}[readers,tables,pdf,watch,database]"

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Blankslide" \
      org.opencontainers.image.description="Takes the patient out of whole-slide images: a watched folder" \
      org.opencontainers.image.licenses="BSD-3-Clause"
COPY --from=build /opt/blankslide /opt/blankslide
# The folders belong to the user of the image; with a user of your own (PUID, PGID) the volumes must be theirs.
RUN groupadd --gid 1000 blankslide \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin blankslide \
 && mkdir -p /slides/in /slides/out /slides/quarantine /slides/originals /state \
 && chown -R 1000:1000 /slides /state
# Key, ledger, link table and health file are in /state: keep a copy of the key in a safe place.
ENV PATH=/opt/blankslide/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    XDG_CONFIG_HOME=/state XDG_STATE_HOME=/state
VOLUME ["/slides", "/state"]
USER 1000:1000
WORKDIR /slides
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["blankslide", "watch", "/slides/in", "--status"]
ENTRYPOINT ["blankslide"]
CMD ["watch", "/slides/in", "--out", "/slides/out", "--quarantine", "/slides/quarantine", "--originals", "move", "--done", "/slides/originals"]
