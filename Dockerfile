# The operator, its webhook and its command line. `docker build .`, or with everything pinned:
#   docker build --build-arg BASE=docker.io/library/python:3.13-slim@sha256:... --build-arg REVISION=$(git rev-parse HEAD) .
# BASE may be any image of a Debian with Python >= 3.11, venv and pip: the folder made below works with the Python of its own base.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
# Debian's own Python asks to be told that this system is thrown away.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Wheels only, each with its hash: nothing is compiled, and nothing comes in that was not looked at. What builds the
# project's own wheel is as locked as the rest. All of it goes into a folder that needs nothing but the base's Python.
COPY requirements.lock requirements-build.lock ./
RUN python3 -m pip wheel --require-hashes --only-binary=:all: --wheel-dir=wheels --requirement=requirements.lock \
 && python3 -m pip install --require-hashes --only-binary=:all: --requirement=requirements-build.lock \
 && python3 -m venv --without-pip /opt/jira-deployment-operator \
 && python3 -m pip --python=/opt/jira-deployment-operator/bin/python3 install --no-index --no-deps wheels/*.whl
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN python3 -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir=own . \
 && python3 -m pip --python=/opt/jira-deployment-operator/bin/python3 install --no-index --no-deps own/*.whl

FROM ${BASE}
# The base's pip is of no use to what runs here, and of some to whoever breaks in; so are programs that become root.
RUN pip="$(python3 -c 'import pip; print(*pip.__path__)')" \
 && ensurepip="$(python3 -c 'import ensurepip; print(*ensurepip.__path__)')" \
 && rm -rf "${pip}" "${pip}"-*.*-info "${ensurepip}" "$(dirname "$(command -v python3)")"/pip* /usr/share/python-wheels \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=build /opt/jira-deployment-operator /opt/jira-deployment-operator
ENV PATH=/opt/jira-deployment-operator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="jira-deployment-operator" \
      org.opencontainers.image.description="Reports every rollout of a workload to Jira Software Cloud, and holds rollouts until Jira allows them" \
      org.opencontainers.image.source="https://github.com/jira-deployment-operator/jira-deployment-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A number, so that Kubernetes can see that it is not root. Nothing is written but to /tmp.
USER 65532:65532
EXPOSE 8080 9443
ENTRYPOINT ["jira-deployment-operator"]
CMD ["run"]
