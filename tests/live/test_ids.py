# SPDX-License-Identifier: LGPL-2.1-or-later
"""Numbers of users and groups: the box has one of each, and says of the others what an ordinary user is used to hear."""
import pytest

OTHERS = {
    "setuid": "os.setuid(os.getuid() + 1)",
    "setgid": "os.setgid(os.getgid() + 1)",
    "setreuid": "os.setreuid(-1, os.getuid() + 1)",
    "setresgid": "os.setresgid(-1, -1, os.getgid() + 1)",
    "chown user": "os.chown('file', os.getuid() + 1, -1)",
    "chown group": "os.chown('file', -1, os.getgid() + 1)",
    "lchown": "os.lchown('file', os.getuid() + 1, -1)",
    "fchown": "os.fchown(os.open('file', os.O_RDONLY), -1, os.getgid() + 1)",
    "fchownat": "os.chown('file', os.getuid() + 1, -1, dir_fd=os.open('.', os.O_RDONLY))",
}
OWN = {
    "setuid": "os.setuid(os.getuid())",
    "setresgid": "os.setresgid(-1, os.getgid(), os.getgid())",
    "no change": "os.chown('file', -1, -1)",
    "chown": "os.chown('file', os.getuid(), os.getgid())",
    "fchown": "os.fchown(os.open('file', os.O_RDONLY), os.getuid(), -1)",
    "missing": "try: os.chown('missing', os.getuid(), -1)\nexcept FileNotFoundError: pass",
}


@pytest.fixture(scope="module")
def files(pair):
    pair.write("file", "")
    return pair


@pytest.mark.parametrize("code", OTHERS.values(), ids=OTHERS)
def test_another_number_is_not_permitted(files, code):
    boxed, plain = files.both(lambda v: v.attempt(code))
    assert boxed == "EPERM"
    assert plain == ("" if files.plain.who.uid == 0 else "EPERM")


@pytest.mark.parametrize("code", OWN.values(), ids=OWN)
def test_the_own_number_is(files, code):
    assert files.both(lambda v: v.attempt(code)) == ("", "")
