# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents say what the program does: --help is printed from the table of settings
(launcher/common/conf.c); README, man pages and completion must agree with it."""
import os
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
INSTALL = os.environ["VENVBOX_INSTALL"]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def read(name):
    return (TOP / name).read_text(encoding="utf-8")


def man_words(name):
    """The options that a man page explains: those that head a paragraph."""
    heads = re.findall(r"^\.TP\n(\.B.*)$", read(name), re.M)
    return {o for head in heads for o in OPTION.findall(head.replace("\\-", "-"))}


def conf_keys(name):
    heads = re.findall(r"^\.TP\n\.BR? ([\w\\-]+)", read(name), re.M)
    return {"--" + key.replace("\\-", "-") for key in heads}


def settings():
    """Keys of the one table, as the source has them."""
    table = read("launcher/common/conf.c").split("conf_settings[] = {", 1)[1].split("\n};", 1)[0]
    return {"--" + key for key in re.findall(r"^\t\{ \"([a-z-]+)\", SETTING_", table, re.M)}


def help_options():
    done = subprocess.run([INSTALL, "--help"], capture_output=True, text=True, check=True)
    # An option stands at the start of its line; others are mentioned in the text.
    return set(re.findall(r"^ {1,8}(?:-\w, )?(--[a-z][a-z-]*)", done.stdout, re.M))


def test_the_table_is_found():
    assert {"--ro", "--network", "--unprotect"} <= settings()


def test_help_has_each_setting():
    assert settings() <= help_options()


def test_man_page_explains_each_option():
    assert man_words("docs/venvbox-install.1") == help_options()


def test_conf_man_page_explains_each_key():
    assert conf_keys("docs/venvbox.conf.5") == settings()


def test_completion_offers_each_option():
    words = read("docs/venvbox-install.bash-completion").split("== -* ]]", 1)[1].split("'", 2)[1]
    assert set(words.split()) == help_options()


def test_readme_table_has_each_setting():
    table = read("README.md").split("## Settings", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `(--[a-z-]+)` \|", table, re.M)) == settings()


def source_variables():
    """The variables that steer the launcher: those that policy.c and tell.c ask for."""
    text = "".join(read(f"launcher/host/{name}.c") for name in ("policy", "tell"))
    return set(re.findall(r"\"((?:VENVBOX|SANDBOX)_[A-Z_]+|BWRAP_ARGS|VERBOSE)\"", text))


def test_variables_are_documented():
    known = source_variables()
    assert {"BWRAP_ARGS", "VERBOSE"} <= known
    table = read("README.md").split("## Environment variables", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.M)) == known
    page = read("docs/venvbox.7").split(".SH ENVIRONMENT", 1)[1].split(".SH ", 1)[0]
    assert set(re.findall(r"^\.TP\n\.B ([A-Z_]+)$", page, re.M)) == known


def test_readme_example_is_a_valid_policy():
    example = read("README.md").split("```\n[box]\n", 1)[1].split("```", 1)[0]
    keys = re.findall(r"^(\w+) =", example, re.M)
    assert keys and {"--" + key for key in keys} <= settings()


def test_readme_opens_its_sections_with_the_two_commands():
    text = read("README.md")
    assert text.split("## Install\n", 1)[1].lstrip().startswith("```\n./bootstrap install .venv\n```")
    assert text.split("## Test\n", 1)[1].lstrip().startswith("```\n./bootstrap check\n```")


def test_readme_names_the_packages_of_bootstrap():
    rows = [line.split() for line in re.search(r"package_table\(\) \{\n.*?EOF'\n(.*?)EOF", read("bootstrap"), re.S).group(1).splitlines()]
    wanted = {row[0]: row[1:] for row in rows}
    build = re.search(r"build='([^']*)'", read("bootstrap")).group(1).split()
    for column, system in enumerate(("Debian, Ubuntu", "Fedora", "Arch", "openSUSE")):
        row = next(line for line in read("README.md").splitlines() if line.startswith(f"| {system} |"))
        named = {word.strip("`'|") for word in row.split()}
        missing = {wanted[thing][column] for thing in build} - named
        assert not missing, (system, missing)


def test_man_pages_have_their_name_section():
    for page in sorted((TOP / "docs").glob("*.[157]")):
        text = page.read_text(encoding="utf-8")
        assert text.startswith('.\\" SPDX'), page
        assert re.search(r"^\.SH NAME\n\S+ \\- ", text, re.M), page


def test_every_test_that_security_names_is_there():
    """The table says what shows each row; a test that was renamed shows nothing."""
    named = re.findall(r"`tests/(\w+/test_\w+\.py)`, `(test_\w+)`", read("SECURITY.md"))
    assert len(named) > 50
    for path, name in named:
        assert re.search(rf"^def {name}\(", read(f"tests/{path}"), re.M), (path, name)
