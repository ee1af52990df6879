"""llm-generate against the simulator without limits or faults: answers a second, and how much of a core it takes.

llm.py [CASE...]: cases are latency in ms, anchors and requests under way, as 1000,3000,64; `make sim` builds what it needs.
"""
import json, os, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../sim"))
import lib

CASES = "1000,3000,64", "10,30000,64"


def cpu(pid):
    """Seconds of CPU that a process has taken."""
    with open("/proc/%d/stat" % pid) as f:
        words = f.read().rsplit(") ", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def case(latency, anchors, flight):
    folder = tempfile.mkdtemp()
    with lib.Sim("--latency", latency) as s:
        store = lib.texts(folder, anchors)
        prof = lib.profile(folder, s.port, timeout_s=60)
        began = time.time()
        p = subprocess.Popen(lib.command(folder, store, prof, "-q", "--concurrency", flight, "--max-concurrency", flight, "--fixed"),
                             env=lib.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while p.poll() is None and s.bill()["whole"]["n"] < anchors:
            time.sleep(0.1)
        buying = cpu(p.pid)
        bought = time.time() - began
        os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)
        total, wall = cpu(p.pid), time.time() - began
        assert p.wait() == 0
    report = json.load(open(os.path.join(folder, "out.lmdb.answers.report.json")))
    shutil.rmtree(folder)
    seconds = report["run"]["seconds"]
    print("%5d ms, %d under way: %d answers in %.1f s, %.0f a second; %.1f %% of a core, %.0f us each. "
          "Checks and output: %.1f s, %.0f us each. Whole run: %.0f a second, %.1f %%" %
          (latency, flight, anchors, seconds, anchors / seconds, 100 * buying / bought, 1e6 * buying / anchors, wall - bought,
           1e6 * (total - buying) / anchors, anchors / wall, 100 * total / wall), flush=True)


if __name__ == "__main__":
    for c in sys.argv[1:] or CASES:
        case(*map(int, c.split(",")))
