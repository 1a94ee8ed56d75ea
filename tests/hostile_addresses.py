"""Addresses that strangers send to a server to make it look where only it can."""

# One a word.
NO_ADDRESS = """
image.png //127.0.0.1/a.png /etc/passwd http: http:// http:/127.0.0.1/a file:///etc/passwd ftp://127.0.0.1/a
gopher://127.0.0.1:70/1 dict://a:11 data:image/png;base64,AAAA javascript:alert(1) http://2130706433/ http://0x7f.1/
http://0x7f000001/ http://0177.0.0.1/ http://127.1/ http://127.0.0.1.1/ http://1.2.3.0x7f/ http://256.1.1.1/
http://[fe80::1%25eth0]/ http://[::1 http://[::1]x/ http://[v1.a]/ http://a..b/ http://a_b!c/ http://a%00b/
http://a\\@b/ http://a:port/ http://a:99999/ http://a:-1/
"""
SPACED = (
    "",
    "   ",
    "http://exa mple/",
    "http://a\tb/",
    "http://a/b\r\nHost: c",
    "http://a/\0",
    f"http://{'a' * 64}.example/",
)
NOT_PUBLIC = """
http://127.0.0.2/ http://[::1]/ http://[::ffff:127.0.0.1]/ http://10.0.0.1/ http://[fe80::1]/ http://0.0.0.0/
http://169.254.169.254/latest/meta-data/ http://\uff11\uff12\uff17.0.0.2/ http://①②⑦.⓪.⓪.②/ http://127。0。0。2/
"""
