"""A hundred ways to call out, for a DAG file, a task or a program to try. Whether one fails is not its business."""

from __future__ import annotations

import os
import sys

V4, V6, NAME = "93.184.216.34", "2001:db8::2", "example.com"
"""An address that only a default route leads to, one that is next door, and one that only a name server knows."""

SOCKETS = {
    "connect": "s = socket.socket(F); s.settimeout(1); s.connect((T, 80))",
    "connect_ex": "s = socket.socket(F); s.settimeout(1); s.connect_ex((T, 80))",
    "connect, not blocking": "s = socket.socket(F); s.setblocking(False); s.connect_ex((T, 443))",
    "create_connection": "socket.create_connection((T, 443), 1)",
    "udp sendto": "socket.socket(F, socket.SOCK_DGRAM).sendto(b'x', (T, 53))",
    "udp connect and send": "s = socket.socket(F, socket.SOCK_DGRAM); s.connect((T, 123)); s.send(b'x')",
    "udp sendmsg": "socket.socket(F, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, (T, 514))",
    "asyncio stream": "asyncio.run(asyncio.wait_for(asyncio.open_connection(T, 80), 1))",
    "asyncio datagram": "asyncio.run(asyncio.wait_for(datagram(T), 1))",
    "http.client": "http.client.HTTPConnection(T, timeout=1).request('GET', '/')",
    "https": "http.client.HTTPSConnection(T, timeout=1).request('GET', '/')",
    "smtplib": "import smtplib; smtplib.SMTP(T, 25, timeout=1)",
    "ftplib": "import ftplib; ftplib.FTP(T, timeout=1)",
    "imaplib": "import imaplib; imaplib.IMAP4(T, timeout=1)",
    "poplib": "import poplib; poplib.POP3(T, timeout=1)",
    "redis": "import redis; redis.Redis(T, socket_connect_timeout=1, retry=None).ping()",
    "websockets": "from websockets.sync.client import connect; connect(f'ws://{H}/', open_timeout=1)",
    "grpc": "import grpc; grpc.channel_ready_future(grpc.insecure_channel(f'{H}:50051')).result(timeout=0.5)",
    "urllib3": "import urllib3; urllib3.PoolManager(retries=False, timeout=1).request('GET', f'http://{H}/')",
    "requests": "import requests; s = requests.Session(); s.trust_env = False; s.get(f'http://{H}/', timeout=1)",
    "requests with tls": "import requests; s = requests.Session(); s.trust_env = False; s.get(f'https://{H}/', timeout=1)",
    "httpx": "import httpx; httpx.Client(trust_env=False, timeout=1).get(f'http://{H}/')",
    "httpx async": "import httpx; asyncio.run(httpx.AsyncClient(trust_env=False, timeout=1).get(f'http://{H}/'))",
    "aiohttp": "asyncio.run(aiohttp_get(f'http://{H}/'))",
    "urllib without a proxy": "urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f'http://{H}/', timeout=1)",
}
OTHERS = {
    "urllib by the proxy": "urllib.request.urlopen('http://example.com/', timeout=1)",
    "urllib ftp": "urllib.request.urlopen('ftp://93.184.216.34/x', timeout=1)",
    "xmlrpc": "import xmlrpc.client; xmlrpc.client.ServerProxy('http://93.184.216.34/').ping()",
    "broadcast": "s = socket.socket(type=socket.SOCK_DGRAM); s.setsockopt(1, 6, 1); s.sendto(b'x', ('255.255.255.255', 9))",
    "multicast": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('224.0.0.251', 5353))",
    "the gateway": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('198.51.100.2', 9))",
    "icmp": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).sendto(b'\\x08' + bytes(7), ('93.184.216.34', 0))",
    "icmp without rights": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b'\\x08' + bytes(7), ('93.184.216.34', 0))",
    "raw ip": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 255).sendto(bytes(20), ('93.184.216.34', 0))",
    "ethernet": "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('out', 0)); s.send(bytes(60))",
    "ethernet by lo": "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('lo', 0)); s.send(bytes(60))",
    "getaddrinfo": "socket.getaddrinfo('example.com', 80)",
    "gethostbyname": "socket.gethostbyname('example.com')",
    "gethostbyaddr": "socket.gethostbyaddr('93.184.216.34')",
    "getnameinfo": "socket.getnameinfo(('93.184.216.34', 80), 0)",
    "getfqdn": "socket.getfqdn('example.com')",
    "dns by hand": "socket.socket(type=socket.SOCK_DGRAM).sendto(QUERY, ('198.51.100.2', 53))",
    "dnspython": "import dns.resolver as d; r = d.Resolver(configure=False); r.nameservers = ['8.8.8.8']; r.lifetime = 1; r.resolve('example.com')",
    "dnspython by tcp": "import dns.resolver as d; r = d.Resolver(configure=False); r.nameservers = ['8.8.8.8']; r.lifetime = 1; r.resolve('example.com', tcp=True)",
    "metadata of AWS": "urllib.request.urlopen('http://169.254.169.254/latest/meta-data/', timeout=1)",
    "metadata of Google": "urllib.request.urlopen('http://metadata.google.internal/', timeout=1)",
    "libc connect": "libc_send(socket.SOCK_STREAM)",
    "libc sendto": "libc_send(socket.SOCK_DGRAM)",
    "libc getaddrinfo": "ctypes.CDLL(None).getaddrinfo(b'example.com', b'80', None, ctypes.byref(ctypes.c_void_p()))",
    "a thread": "t = threading.Thread(target=lambda: udp()); t.start(); t.join()",
    "a forked child": "fork_and(udp)",
    "a daemon, later": "fork_and(lambda: (os.setsid(), fork_and(lambda: (time.sleep(0.3), udp()), False)))",
    "multiprocessing": "p = multiprocessing.get_context('fork').Process(target=udp); p.start(); p.join()",
    "httplib2": "import httplib2; httplib2.Http(timeout=1, proxy_info=None).request('http://93.184.216.34/')",
    "fsspec": "import fsspec; fsspec.open('http://93.184.216.34/x').open()",
    "pyarrow": "from pyarrow import fs; fs.S3FileSystem(endpoint_override='93.184.216.34', scheme='http', access_key='a', secret_key='b', connect_timeout=1, request_timeout=1, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1)).get_file_info('b/k')",
    "s3fs": "import s3fs; s3fs.S3FileSystem(key='a', secret='b', endpoint_url='http://93.184.216.34', config_kwargs=QUICK).ls('b')",
    "google-cloud-storage": "from google.cloud import storage; storage.Client.create_anonymous_client().bucket('b').blob('k').download_as_bytes(timeout=1, retry=None)",
    "google api endpoint": "from google.cloud import storage; storage.Client(project='p', credentials=ANONYMOUS(), client_options={'api_endpoint': 'http://93.184.216.34'}).get_bucket('b', timeout=1, retry=None)",
    "kubernetes": "from kubernetes import client; c = client.Configuration(host='https://93.184.216.34', retries=False); client.CoreV1Api(client.ApiClient(c)).list_namespace(_request_timeout=1)",
    **{
        f"boto3 {service}": f"boto3_client({service!r}, 'https://{service}.us-east-1.amazonaws.com').{call}()"
        for service, call in {
            "s3": "list_buckets",
            "sqs": "list_queues",
            "sts": "get_caller_identity",
            "glue": "get_jobs",
            "dynamodb": "list_tables",
        }.items()
    },
    "boto3 by address": "boto3_client('s3', 'http://93.184.216.34').list_buckets()",
}
PROGRAMS = {
    "curl": "curl -s -m 2 http://example.com/",
    "curl without proxy": "curl -s -m 2 --noproxy '*' http://93.184.216.34/",
    "curl by name": "curl -s -m 2 --noproxy '*' https://example.com/",
    "curl v6": "curl -s -m 2 --noproxy '*' 'http://[2001:db8::2]/'",
    "curl resolve": "curl -s -m 2 --noproxy '*' --resolve example.com:80:198.51.100.2 http://example.com/",
    "curl ftp": "curl -s -m 2 --noproxy '*' ftp://93.184.216.34/",
    "curl telnet": "curl -s -m 2 --noproxy '*' telnet://93.184.216.34:25 </dev/null",
    "curl tftp": "curl -s -m 2 --noproxy '*' tftp://93.184.216.34/x",
    "curl http3": "curl -s -m 2 --noproxy '*' --http3 https://93.184.216.34/",
    "curl interface": "curl -s -m 2 --noproxy '*' --interface out http://93.184.216.34/",
    "git https": "git ls-remote https://example.com/x.git",
    "git without proxy": "env -u https_proxy -u HTTPS_PROXY git ls-remote https://93.184.216.34/x.git",
    "git protocol": "git ls-remote git://93.184.216.34/x.git",
    "git ssh": "git ls-remote git@93.184.216.34:x.git",
    "ssh": "ssh -o ConnectTimeout=1 -o BatchMode=yes -o StrictHostKeyChecking=no nobody@93.184.216.34",
    "ssh by name": "ssh -o ConnectTimeout=1 -o BatchMode=yes nobody@example.com",
    "scp": "scp -o ConnectTimeout=1 -o BatchMode=yes /etc/hostname nobody@93.184.216.34:/tmp/",
    "openssl": "timeout 2 openssl s_client -connect 93.184.216.34:443 </dev/null",
    "bash tcp": "exec 3<>/dev/tcp/93.184.216.34/80",
    "bash udp": "echo x > /dev/udp/93.184.216.34/53",
    "bash by name": "echo x > /dev/udp/example.com/53",
    "getent": "timeout 3 getent hosts example.com",
    "getent ahosts": "timeout 3 getent ahosts example.org",
    "perl": "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => \"93.184.216.34:80\", Timeout => 1)'",
    "perl udp": 'perl -MIO::Socket::INET -e \'IO::Socket::INET->new(PeerAddr => "93.184.216.34:53", Proto => "udp")->send("x")\'',
    "aws": "timeout 5 aws s3 ls --endpoint-url http://93.184.216.34 --cli-connect-timeout 1 --cli-read-timeout 1",
    "a clean environment": "env -i /bin/bash -c 'echo x > /dev/udp/93.184.216.34/53'",
    "nohup": "nohup setsid bash -c 'sleep 0.2; echo x > /dev/udp/93.184.216.34/53' >/dev/null 2>&1 &",
}
HELPERS = r"""
import asyncio, ctypes, http.client, multiprocessing, os, socket, struct, subprocess, sys, threading, time, urllib.request

QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"
QUICK = {"connect_timeout": 1, "read_timeout": 1, "retries": {"max_attempts": 0}}

def udp():
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("93.184.216.34", 53))

def fork_and(does, wait=True):
    pid = os.fork()
    if pid == 0:
        try:
            does()
        finally:
            os._exit(0)
    if wait:
        os.waitpid(pid, 0)

def libc_send(kind):
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(2, kind | socket.SOCK_NONBLOCK, 0)
    address = struct.pack("=HH4s8x", 2, socket.htons(53), socket.inet_aton("93.184.216.34"))
    libc.connect(made, address, 16)
    libc.send(made, b"x", 1, 0)

async def datagram(host):
    made, _ = await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, 53))
    made.sendto(b"x")

async def aiohttp_get(url):
    import aiohttp
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(1)) as session:
        await session.get(url)

def boto3_client(service, endpoint):
    import boto3, botocore.config
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=botocore.config.Config(proxies={}, **QUICK))

def ANONYMOUS():
    from google.auth.credentials import AnonymousCredentials
    return AnonymousCredentials()
"""


def ways() -> dict[str, str]:
    """All of them, as Python source by name."""
    found = {}
    for name, code in SOCKETS.items():
        for target in (V4, V6, NAME):
            family = "socket.AF_INET6" if target == V6 else "socket.AF_INET"
            host = f"[{target}]" if target == V6 else target
            found[f"{name} to {target}"] = f"T, H, F = {target!r}, {host!r}, {family}; {code}"
    found.update(OTHERS)
    for name, command in PROGRAMS.items():
        found[name] = (
            f"subprocess.run(['bash', '-c', {command!r}], capture_output=True, timeout=8, stdin=subprocess.DEVNULL)"
        )
    return found


def run(label: str) -> int:
    """Try them all; say how many were tried, and write down what came of each."""
    space: dict[str, object] = {}
    exec(HELPERS, space)
    tried = 0
    lines = []
    for name, code in ways().items():
        tried += 1
        try:
            exec(code, space)
            lines.append(f"{name}: no error")
        except BaseException as error:  # noqa: BLE001
            lines.append(" ".join(f"{name}: {type(error).__name__}: {error}".split())[:200])
    with open(os.path.join(os.environ["WAYS_OUT_LOG"], label), "w") as file:
        file.write("\n".join(lines))
    return tried


if __name__ == "__main__":
    run(sys.argv[1])
