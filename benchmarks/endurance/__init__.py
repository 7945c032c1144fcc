"""What the fake withstands. `python -m benchmarks.endurance RUN`, in the checkout; `--short` is the form that CI runs.

    deep       the contract suite, 50,000 generated cases
    fuzz       100,000 broken requests, from the framing of HTTP to the types of JSON, valid calls among them
    kill       SIGKILL under load, 30 times, with a file
    crash      the same with PostgreSQL, 10 times, and 3 crashes of its server
    soak       10 minutes with 16 clients
    crowd      1,000 idle and 200 slow connections, and normal clients
    disk       no space left, a limit of file size, files that may not be written
    siege      5 minutes with 16 clients whose requests cost as much as they can, and 4 polite ones
    sandboxes  100,000 of them, created over HTTP

Each starts its own server, shows its progress, and prints its figures. It exits with 1 when what it promises fails.
"""
