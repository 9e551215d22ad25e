# SPDX-License-Identifier: LGPL-2.1-or-later
import hashlib

from PIL import Image, ImageDraw

im = Image.new("RGB", (200, 100), "white")
ImageDraw.Draw(im).ellipse((10, 10, 90, 90), fill="red")
for kind in ("png", "jpeg", "webp"):
    im.resize((50, 25)).save("a." + kind)
    with Image.open("a." + kind) as back:
        print(kind, back.size, hashlib.sha256(back.convert("RGB").tobytes()).hexdigest())
