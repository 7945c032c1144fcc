"""How much the fake bears. `python -m benchmarks.endurance RUN`, in the checkout; `--short` is the form that CI runs.

    deep    the contract suite, 50,000 generated cases
    fuzz    100,000 broken requests, from the framing of HTTP to the types of JSON, valid calls among them
    kill    30 times SIGKILL under load, with a file
    soak    10 minutes with 16 clients
    crowd   1,000 idle and 200 slow connections beside normal clients
    disk    no space left, a limit of file size, files that may not be written

Each starts its own server, tells how far it is, and prints its figures. Exit code 1 when what it promises is broken.
"""
