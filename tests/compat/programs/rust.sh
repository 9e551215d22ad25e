# SPDX-License-Identifier: LGPL-2.1-or-later
mkdir -p ext/src
cat >ext/Cargo.toml <<'END'
[package]
name = "rusty"
version = "1.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
END
cat >ext/src/lib.rs <<'END'
#[no_mangle]
pub extern "C" fn twice(n: i64) -> i64 { n * 2 }
END
cat >ext/pyproject.toml <<'END'
[build-system]
requires = ["maturin"]
build-backend = "maturin"
[project]
name = "rusty"
version = "1.0.0"
dependencies = ["cffi"]
[tool.maturin]
bindings = "cffi"
END
pip install -q cffi
pip wheel -q --no-deps --no-build-isolation -w wheels ./ext
ls wheels
pip install -q wheels/*.whl
python -c 'import rusty; print(rusty.lib.twice(21))'
