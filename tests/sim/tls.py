"""Certificates by openssl, and a TLS front for the simulator.

tls.py FOLDER PORT CERT: accept TLS with CERT.pem and pass it on; prints its port.
"""
import os, socket, ssl, subprocess, sys, threading, time


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(folder):
    """ca.pem, and good, wrong (another name), old (expired), alone (not by the CA), each with its key in NAME.pem."""
    at = lambda n: os.path.join(folder, n)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=test authority", "-keyout", at("ca.key"), "-out",
            at("ca.pem"))
    for name, host, days in ("good", "localhost", "2"), ("wrong", "elsewhere.example", "2"), ("old", "localhost", "-1"):
        with open(at("ext"), "w") as f:
            f.write("subjectAltName=DNS:%s\n" % host)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + host, "-keyout", at("k"), "-out", at("csr"))
        openssl("x509", "-req", "-in", at("csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", days, "-extfile",
                at("ext"), "-out", at("c"))
        with open(at(name + ".pem"), "w") as out:
            out.write(open(at("k")).read() + open(at("c")).read())
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", at("k"), "-out", at("c"))
    with open(at("alone.pem"), "w") as out:
        out.write(open(at("k")).read() + open(at("c")).read())


def pump(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
    except OSError:
        pass
    for s in a, b:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(folder, port, cert):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, cert + ".pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        plain, _ = listener.accept()
        try:
            inside = context.wrap_socket(plain, server_side=True)
        except OSError:
            continue
        out = socket.create_connection(("127.0.0.1", port))
        for pair in (inside, out), (out, inside):
            threading.Thread(target=pump, args=pair, daemon=True).start()


class Http2:
    """nghttpx, a proxy that speaks HTTP/2 before and HTTP/1.1 behind it."""

    def __init__(self, folder, backend):
        self.folder, self.log = folder, os.path.join(folder, "nghttpx.log")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        with open(os.path.join(folder, "good.pem")) as both:
            key, cert = both.read().split("-----BEGIN CERTIFICATE-----")
        for name, text in ("h2.key", key), ("h2.crt", "-----BEGIN CERTIFICATE-----" + cert):
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        self.command = ["nghttpx", "--conf=/dev/null", "--single-process", "--frontend=127.0.0.1,%d" % self.port, "--backend=127.0.0.1,%d" % backend,
                        "--accesslog-file=" + self.log, "--accesslog-format=$request", "--errorlog-file=/dev/null",
                        os.path.join(folder, "h2.key"), os.path.join(folder, "h2.crt")]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("nghttpx does not listen")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.__exit__()
        self.__enter__()

    def not_http2(self):
        with open(self.log) as f:
            lines = f.read().splitlines()
        other = [l for l in lines if not l.endswith(" HTTP/2")]
        return ["not by HTTP/2: %s" % l for l in other[:3]] if lines else ["nothing went through nghttpx"]


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
