# The program with its kernels compiled.
#   docker build -t caption-sim .
#   docker run --rm -v "$PWD:/data" caption-sim run study.yaml --out study
# Another base, such as a mirror's: --build-arg BASE=IMAGE. It needs Debian's tools and `python` 3.11 or later.
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
WORKDIR /src
# What the program needs, each file by its hash; then the program itself, which downloads nothing.
COPY requirements.hashed.lock ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.hashed.lock
COPY pyproject.toml README.md LICENSE ./
COPY sim sim
COPY policies policies
COPY scenarios scenarios
COPY reports reports
COPY sql sql
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# `generic`: kernels run on every processor of the architecture, and are found there.
ENV NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/kernels
WORKDIR /
RUN /opt/venv/bin/python -m sim compile --quiet \
 && find /opt/venv -name tests -type d -prune -exec rm -rf {} +

FROM ${BASE}
RUN useradd --uid 10001 --create-home sim \
 && mkdir /data \
 && chown sim /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build --chown=10001 /opt/kernels /opt/kernels
ENV PATH=/opt/venv/bin:$PATH NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/kernels MPLCONFIGDIR=/tmp
USER 10001
WORKDIR /data
ENTRYPOINT ["python", "-m", "sim"]
CMD ["--help"]
