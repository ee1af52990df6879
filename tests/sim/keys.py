"""Where the key can be read: in processes while they run, in core files, by core handlers, in whatever is written."""
import os, resource, secrets, shutil, signal, string, subprocess, tempfile, threading, time

import lib

# Not lib.KEY, which other tests hand to processes by the environment and by the command line; nor that of another run of
# these tests on this machine.
KEY = "sk-%s/%s+%s=" % tuple("".join(secrets.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits) * 3)
                            for _ in range(3))
FAULTS = "key-echo=.1,key-in-answer=.1,key-pieces=.1,key-part=.1,key-events=.1,cut-length=.05,500=.05,429-float=.02,refusal=.05"
PATTERN = "/proc/sys/kernel/core_pattern"


class Sampler:
    """A hundred times a second: cmdline and environ of all other processes."""

    def __enter__(self):
        self.rounds, self.found, self.over = 0, set(), False
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()

    def look(self):
        wanted = lib.forms(KEY)
        while not self.over:
            began = time.monotonic()
            for pid in (p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()):
                for name in "cmdline", "environ":
                    try:
                        with open("/proc/%s/%s" % (pid, name), "rb") as f:
                            data = f.read()
                    except OSError:  # it is gone, or not for us
                        continue
                    if any(form in data for form in wanted):
                        self.found.add(name)
            self.rounds += 1
            time.sleep(max(0, 0.01 - (time.monotonic() - began)))


def write_key(folder, mode=0o600):
    path = os.path.join(folder, "key")
    with open(path, "w") as f:
        f.write(KEY + "\n")
    os.chmod(path, mode)
    return path


def cores():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def begin(folder, way, *options):
    """llm-generate with the key from a file, a descriptor or a variable; its log, and its core, would be in the folder."""
    env, r = {k: v for k, v in os.environ.items() if k != "SIM_KEY"}, None
    if way == "file":
        options += "--key-file", write_key(folder)
    elif way == "variable":
        env["SIM_KEY"] = KEY
    elif way == "descriptor":
        r, w = os.pipe()
        os.write(w, KEY.encode())
        os.close(w)
        options += "--key-fd", r
    command = lib.command(folder, os.path.join(folder, "anchors.lmdb"), os.path.join(folder, "profile.json"), *options)
    with open(os.path.join(folder, "log"), "ab") as log:
        p = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=folder, pass_fds=[r] if r else [], preexec_fn=cores)
    if r:
        os.close(r)
    return p


def wait_for(what, p, most_s=20):
    until = time.monotonic() + most_s
    while not what() and p.poll() is None and time.monotonic() < until:
        time.sleep(0.005)


def written(folder):
    """What has the key in it besides the key file."""
    path = os.path.join(folder, "key")
    if os.path.exists(path):
        os.remove(path)
    return ["the key is in " + w for w in lib.leaks(folder, key=KEY)]


def way(name):
    """A run with faults, the server saying the key again and again."""
    folder, bad = tempfile.mkdtemp(), []
    lib.texts(folder, 120)
    with lib.Sim("--seed", 6, "--latency", 30, "--faults", FAULTS) as s:
        lib.profile(folder, s.port)
        if name == "variable":  # until the key is taken from there it is in the environment of the new process
            p = begin(folder, name, "--max-failures", 1000)
            wait_for(lambda: s.bill()["requests"], p)
            with Sampler() as seen:
                code = p.wait()
        else:
            with Sampler() as seen:
                code = begin(folder, name, "--max-failures", 1000).wait()
        requests = s.bill()["requests"]
    with open(os.path.join(folder, "log")) as f:
        log = f.read()
    if code or requests < 120 or seen.rounds < 5:
        bad.append("exit %d after %d requests, %d looks" % (code, requests, seen.rounds))
    bad += ["the key was in %s of a process" % f for f in seen.found] + written(folder)
    shutil.rmtree(folder)
    return "a key from a %s is nowhere" % name, bad, log


def sampler():
    """The sampler and the scan do see a key."""
    folder = tempfile.mkdtemp()
    with Sampler() as seen:
        p = subprocess.Popen(["sh", "-c", "read x", KEY[:9]], env=dict(os.environ, K="x" + KEY), stdin=subprocess.PIPE)
        wait_for(lambda: len(seen.found) == 2, p)
        p.communicate()
    write_key(folder)
    bad = [] if seen.found == {"cmdline", "environ"} and lib.leaks(folder, key=KEY) else ["only %s" % seen.found]
    shutil.rmtree(folder)
    return "a key in a process would be seen", bad, ""


def refused():
    """A key file that others can read is not used."""
    folder, bad = tempfile.mkdtemp(), []
    lib.texts(folder, 3)
    with lib.Sim() as s:
        prof = lib.profile(folder, s.port)
        r = lib.run(folder, os.path.join(folder, "anchors.lmdb"), prof, "--key-file", write_key(folder, 0o640))
        if r.code != 78 or "can be read by others" not in r.err or s.bill()["requests"]:
            bad.append("exit %d after %d requests" % (r.code, s.bill()["requests"]))
    shutil.rmtree(folder)
    return "a key file that others can read is refused", bad, r.err


def other_dies(folder):
    """A process that guards nothing and has the key in memory, aborted as well."""
    write_key(folder)
    p = subprocess.Popen(["sh", "-c", "read k < key; kill -ABRT $$"], cwd=folder, preexec_fn=cores, stderr=subprocess.DEVNULL)
    p.wait()
    return p


def reads(fifo):
    """Has somebody opened it?"""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return True
    except OSError:
        return False


def crashed(folder, s, how):
    """llm-generate aborted while it waits for an answer, or (how None) before it has read its input."""
    if how:
        had = s.bill()["requests"]
        p = begin(folder, how)
        wait_for(lambda: s.bill()["requests"] > had, p)
    else:
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        p = begin(folder, "variable", "--dry-run", "--avoid", fifo)
        wait_for(lambda: reads(fifo), p)
        os.remove(fifo)
    p.send_signal(signal.SIGABRT)
    return p, p.wait()


def crash(piped):
    """SIGABRT, with core files allowed: there is none, nor does a core handler get anything; of another process there is."""
    folder, bad = tempfile.mkdtemp(), []
    os.chmod(folder, 0o755)
    lib.texts(folder, 3)
    dump = lambda p: [n for n in os.listdir(folder) if n == "core" or n.endswith(".%d" % p.pid)]
    if piped:
        with open(PATTERN) as f:
            before = f.read()
        handler = os.path.join(folder, "handler")
        with open(handler, "w") as f:
            f.write("#!/bin/sh\ncat > %s/piped && mv %s/piped %s/piped.$1\n" % (folder, folder, folder))
        os.chmod(handler, 0o755)
    try:
        if piped:
            with open(PATTERN, "w") as f:
                f.write("|%s %%P" % handler)
        with lib.Sim("--always", "silence", "--times", 1000000) as s:
            lib.profile(folder, s.port, timeout_s=60)
            for how in "file", "descriptor", "variable", None:
                p, code = crashed(folder, s, how)
                if code != -signal.SIGABRT or dump(p):
                    bad.append("key from %s: ended with %d, and left %s" % (how, code, dump(p)))
        bad += written(folder)
        p = other_dies(folder)
        until = time.monotonic() + 10
        while not dump(p) and time.monotonic() < until * piped:
            time.sleep(0.01)
    finally:
        if piped:
            with open(PATTERN, "w") as f:
                f.write(before)
    seen = bool(dump(p)) and any(n in w for n in dump(p) for w in written(folder))
    shutil.rmtree(folder)
    return "a crash gives nobody the key" + (", nor a core handler" if piped else ""), bad, "", seen


def crashes():
    """What can be shown of crashes here, as (result or None, why not)."""
    *r, seen = crash(False)
    with open(PATTERN) as f:
        pattern = f.read().strip()
    yield (r, "") if seen or r[1] else (None, "no core file is written here (core_pattern %s)" % pattern)
    if not os.environ.get("CORE_PATTERN") or not os.access(PATTERN, os.W_OK):
        yield None, "a core handler is a setting of the whole machine: CORE_PATTERN=1 as root changes it for a second"
        return
    *r, seen = crash(True)
    yield (r, "") if seen or r[1] else (None, "the core handler was not called")


JOBS = [(sampler,), (way, "file"), (way, "descriptor"), (way, "variable"), (refused,)]
