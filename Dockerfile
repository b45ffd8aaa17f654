# The operator, its webhook and its command line. `docker build .`; another base needs the same Python in both stages:
#   docker build --build-arg BASE=docker.io/library/python:3.13-slim@sha256:... --build-arg REVISION=$(git rev-parse HEAD) .
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Wheels only, each with its hash: nothing is compiled, and nothing comes in that was not looked at.
COPY requirements.lock requirements-build.lock ./
RUN python -m pip wheel --require-hashes --only-binary=:all: --wheel-dir=wheels --requirement=requirements.lock
# What builds the project's own wheel is as locked as the rest.
RUN python -m pip install --require-hashes --only-binary=:all: --requirement=requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir=own .
# A folder that needs nothing but the base's Python, and has no pip.
RUN python -m venv --without-pip /opt/jira-deployment-operator \
 && python -m pip --python=/opt/jira-deployment-operator/bin/python install --no-index --no-deps wheels/*.whl own/*.whl

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="jira-deployment-operator" \
      org.opencontainers.image.description="Reports every rollout of a Kubernetes workload to Jira Software Cloud" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The base's pip is of no use to what runs here, and of some to whoever breaks in.
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
 && rm -rf "$(python -c 'import ensurepip; print(ensurepip.__path__[0])')"
COPY --from=build /opt/jira-deployment-operator /opt/jira-deployment-operator
ENV PATH=/opt/jira-deployment-operator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root. Nothing is written but to /tmp.
USER 65532:65532
EXPOSE 8080 9443
ENTRYPOINT ["jira-deployment-operator"]
CMD ["run"]
