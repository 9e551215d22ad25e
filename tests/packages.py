# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages for the tests: wheels and source distributions made on the spot, good and hostile."""
import io
import os
import tarfile
import zipfile

# A build backend without dependencies; build_wheel first runs what a hostile package would.
BACKEND = '''
import os, zipfile

def attack():
{attack}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    attack()
    info = "{name}-1.0.dist-info/"
    path = "{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, path), "w") as z:
        z.writestr("{name}.py", "word = 'built'\\n")
        z.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr(info + "RECORD", "")
    return path

build_editable = build_wheel
'''
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "{name}"\nversion = "1.0"\n'


def wheel(who, directory, name, files=None, *, commands=(), scripts=None, version="1.0", data=None):
    """A wheel with module `name`; commands: console scripts, scripts: {name: text} of .data/scripts, data: of .data/data."""
    info = f"{name}-{version}.dist-info/"
    content = {f"{name}.py": f"def main():\n    print('{name} {version}')\n"}
    content.update(files or {})
    for where, entries in (("scripts", scripts), ("data", data)):
        for path, text in (entries or {}).items():
            content[f"{name}-{version}.data/{where}/{path}"] = text
    content[info + "METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    content[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if commands:
        content[info + "entry_points.txt"] = "[console_scripts]\n" + "".join(f"{c} = {name}:main\n" for c in commands)
    content[info + "RECORD"] = "".join(f"{path},,\n" for path in [*content, info + "RECORD"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for path, text in content.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            z.writestr(entry, text)
    return who.write(os.path.join(directory, f"{name}-{version}-py3-none-any.whl"), out.getvalue())


def source_tree(who, directory, name, attack="pass"):
    """A project whose build runs the statements in attack."""
    lines = "".join("    " + line + "\n" for line in attack.splitlines())
    who.write(os.path.join(directory, "backend.py"), BACKEND.format(name=name, attack=lines))
    who.write(os.path.join(directory, "pyproject.toml"), PYPROJECT.format(name=name))
    return directory


def sdist(who, directory, name, attack="pass"):
    tree = source_tree(who, os.path.join(directory, name + "-src"), name, attack)
    return packed(who, directory, name, {f: os.path.join(tree, f) for f in ("backend.py", "pyproject.toml")})


def packed(who, directory, name, files):
    """An sdist of {name inside: path}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for inner, path in files.items():
            t.add(path, f"{name}-1.0/{inner}")
        info = tarfile.TarInfo(f"{name}-1.0/PKG-INFO")
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
        info.size = len(text)
        t.addfile(info, io.BytesIO(text))
    return who.write(os.path.join(directory, f"{name}-1.0.tar.gz"), out.getvalue())
