# SPDX-License-Identifier: LGPL-2.1-or-later
from lxml import etree, html

t = etree.XML("<r><a n='1'>x</a><a n='2'>y</a></r>")
print(t.xpath("//a[@n='2']/text()"))
style = etree.XSLT(etree.XML("<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>"
                             "<xsl:template match='/'><o><xsl:value-of select='count(//a)'/></o></xsl:template></xsl:stylesheet>"))
print(str(style(t)), html.fromstring("<p>a<b>c").text_content())
