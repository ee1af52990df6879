"""Certificates by openssl, and a TLS front for the simulator.

tls.py FOLDER PORT CERT: accept TLS with CERT.pem and pass it on; prints its port.
"""
import os, socket, ssl, subprocess, sys, threading


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


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
