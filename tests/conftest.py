# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fixtures of the end-to-end tests.

VENVBOX_PREFIX, VENVBOX_INSTALL and VENVBOX_LIBEXEC name what is tested; VENVBOX_TEST_USER is the ordinary
user if the tests run as root. Whatever is missing is a failure: nothing is skipped.
"""
import os
import shutil
import signal

import pytest

import boxlab


# What nohup, or a shell without job control, had its children ignore would be ignored by every program under test.
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What cannot hold when the host lacks these calls (VENVBOX_TEST_WITHOUT, tests/without.c), by the names of the tests.
NOT_WITHOUT = {
    # Spec B6 below Landlock ABI 6; test_landlock_is_said shows then that it is reached, and that verbose says so.
    "landlock": {"test_siblings_in_the_process_group_survive", "test_abstract_sockets_of_the_host"},
}
# Their controls want to see that outside of the box no filter is in force.
CONTROL_IS_UNFILTERED = {"test_ld_preload_of_the_caller_reaches_python_sealed", "test_a_native_program_is_sealed", "test_shell_is_sealed"}


def pytest_collection_modifyitems(config, items):
    if not boxlab.WITHOUT:
        return
    gone = CONTROL_IS_UNFILTERED.union(*[tests for kind, tests in NOT_WITHOUT.items() if boxlab.lacks(kind)])
    config.hook.pytest_deselected(items=[i for i in items if i.originalname in gone])
    items[:] = [i for i in items if i.originalname not in gone]


@pytest.fixture(scope="session")
def lab():
    top = boxlab.make_top()
    try:
        yield boxlab.Lab(top)
    finally:
        shutil.rmtree(top, ignore_errors=True)


@pytest.fixture(scope="session", params=os.environ.get("VENVBOX_TEST_WHO", "root user").split() if os.getuid() == 0 else ["user"])
def who(request, lab):
    """Who types the commands: root and an ordinary user, or whoever we are."""
    return lab.user(request.param)


@pytest.fixture(scope="module")
def box(lab, who):
    """A boxed venv with pip, for tests that leave it as it is."""
    return lab.box(who, pip=True)


@pytest.fixture(scope="module")
def pair(lab, who):
    """A box and its plain twin, for tests that compare."""
    return boxlab.Pair(lab, who)


def gone_afterwards(box):
    """Hundreds of venvs are some gigabytes."""
    yield box
    shutil.rmtree(box.project, ignore_errors=True)


@pytest.fixture
def fresh(lab, who):
    """A boxed venv of this test's own, without pip."""
    yield from gone_afterwards(lab.box(who))


@pytest.fixture
def fresh_pip(lab, who):
    """A boxed venv of this test's own, with pip."""
    yield from gone_afterwards(lab.box(who, pip=True))
