"""README's pilot, cap, raised cap and rest, run as they stand there: the output is what is printed."""
import os, shutil, socket, subprocess, tempfile

import lib

FIRST, LAST = "$ make build/release/sim/sim", "$ kill %1"
PORT = 18765
CAPPED = "--max-cost 0.1"  # this one ends where timing has it


def block():
    """[command, [lines printed below it]] each."""
    with open(os.path.join(lib.ROOT, "README.md"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    steps = []
    for line in lines[lines.index(FIRST) + 1:lines.index(LAST)]:
        if line.startswith("$ "):
            steps.append([line[2:], []])
        elif line != "...":
            steps[-1][1].append(line)
    return steps


def port_is_free():
    """The commands name it."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return s.connect_ex(("127.0.0.1", PORT)) != 0


def place():
    """A folder in which the paths of the README lead to what is tested."""
    folder = tempfile.mkdtemp()
    os.mkdir(os.path.join(folder, "build"))
    for to, name in ((lib.BIN, "build/release"), (os.path.join(lib.BIN, "bin"), "build/bin"), (os.path.join(lib.ROOT, "samples"), "samples")):
        os.symlink(to, os.path.join(folder, name))
    return folder


def as_printed():
    folder, steps, bad = place(), block(), []
    mark = "==== step"
    script = "set -m\n" + "\n".join("echo '%s'\n%s" % (mark, c) + ("\nsleep 0.5" if c.endswith("&") else "") for c, _ in steps)
    r = subprocess.run(["bash", "-c", script + "\nkill %1\n"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    got = r.stdout.split(mark + "\n")[1:]
    for (command, printed), output in zip(steps, got):
        if CAPPED in command:
            ok = "the cap on money is reached" in output and output.splitlines()[-1] == printed[-1] == "75"
            bad += [] if ok else ["%s: %s" % (command, output)]
            continue
        bad += ["%s does not print: %s" % (command, l) for l in printed if l not in output.splitlines()]
    if len(got) != len(steps) or not any(CAPPED in c for c, _ in steps) or not any("--port %d " % PORT in c for c, _ in steps):
        bad.append("%d of %d steps" % (len(got), len(steps)))
    shutil.rmtree(folder)
    return "README's commands print what it says", bad, r.stdout
