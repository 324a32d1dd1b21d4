"""Texts that would run, be computed, steer a screen or mislead an eye, and texts of offices that have to stay as they are.

Whatever runs sets the title of the page or asks a host; tests look for both.
"""

from __future__ import annotations

RAN = "flx_ran"
"""The title that a script gives to the page."""
HOST = "flx.invalid"
"""The host that is asked."""

MARKUP: tuple[str, ...] = (
    f"<script>document.title='{RAN}'</script>",
    f"</script><script>document.title='{RAN}'</script>",
    f"</title></style><script>document.title='{RAN}'</script>",
    f"<img src=x onerror=\"document.title='{RAN}'\">",
    f"\"><svg onload=\"document.title='{RAN}'\">",
    f"' onmouseover='document.title=\"{RAN}\"' autofocus onfocus='document.title=\"{RAN}\"' x='",
    f"\" autofocus tabindex=1 onfocus=\"document.title='{RAN}'\" x=\"",
    f"</text></g></svg><script>document.title='{RAN}'</script>",
    f"]]><script>document.title='{RAN}'</script><![CDATA[",
    f"--><script>document.title='{RAN}'</script><!--",
    f"<iframe src=\"javascript:parent.document.title='{RAN}'\"></iframe>",
    f"<a href=\"javascript:document.title='{RAN}'\">a</a>",
    f"javascript:document.title='{RAN}'",
    f"data:text/html,<script>top.document.title='{RAN}'</script>",
    f"<object data=\"data:text/html,<script>parent.document.title='{RAN}'</script>\"></object>",
    f"<link rel=stylesheet href=//{HOST}/a.css>",
    f"<style>@import url(//{HOST}/b.css);body{{display:none}}</style>",
    f"}} body {{ background: url(//{HOST}/c.png) }} x {{",
    f"<image href=//{HOST}/d.png><image xlink:href=//{HOST}/e.png>",
    f"<meta http-equiv=refresh content=\"0;url=//{HOST}/f\">",
    f"<base href=//{HOST}/><form action=//{HOST}/g><input name=q>",
    f"&lt;script&gt;document.title=&#39;{RAN}&#39;&lt;/script&gt;",
    f"<math><mtext></mtext><mglyph><style><img src onerror=document.title='{RAN}'>",
    "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><r>&e;</r>",
    f"\u2028<script>document.title='{RAN}'</script>\u2029",
    "{{ 7 * 7 }}{% for a in b %}{# c #}",
    "{title} {0.__class__} %(language)s %s ${x}",
)  # fmt: skip
FORMULAS: tuple[str, ...] = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", " =1+1", "\"=1+1", "' =1+1",
    "\u00a0=1+1", "a;=1+1", "a\t=1+1", "a|=1+1", "a\n=1+1", f'=HYPERLINK("http://{HOST}/h","a")', f'=WEBSERVICE("http://{HOST}/i")',
    "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", '";=1+1;"', "%0A=1+1", "−1+cmd|'x'!A0",
)  # fmt: skip
STEERING: tuple[str, ...] = (
    "\x1b[2J\x1b[Hcleared", "\x1b]0;a title\x07", "\x1b[31mred\x1b[0m", "\x9b2Jcleared", "\x1b]8;;http://flx.invalid\x07link\x1b]8;;\x07",
    "\x1bP+q544e\x1b\\", "over\rwritten", "back\x08\x08\x08\x08space", "bell\x07", "NUL\x00inside", "delete\x7f", "\x85next line", "\x0cpage",
    "[red]rich[/red] [link=http://flx.invalid]x[/link]", "\x1b[?1049h", "\x1b[6n",
)  # fmt: skip
MISLEADING: tuple[str, ...] = (
    "abc\u202edcba", "\u2066hidden\u2069", "\u200emark\u200f", "\u061cmark", "zero\u200bwidth", "\ufeffbegin", "soft\u00adhyphen",
    "a\u2028line\u2029paragraph", "word\u2060join", "tag\U000e0041\U000e007f", "half\ud800", "\udc80half", "\ufffenone\uffff", "note\ufff9a\ufffbb",
)  # fmt: skip
MATHEMATICS: tuple[str, ...] = (
    r"$\frac{1}{2}$",
    r"$\undefined$",
    "$100–$200",
    r"\input{/etc/hostname}",
    "$$",
    "a_b^c",
    r"\$5",
)
LONG: tuple[str, ...] = ("x" * 5_000, "word " * 1_000)

ALL: tuple[str, ...] = (*MARKUP, *FORMULAS, *STEERING, *MISLEADING, *MATHEMATICS, *LONG)

HONEST: tuple[str, ...] = (
    "Côte-d'Ivoire « Nord »", "Provence-Alpes-Côte d’Azur", "Ñuble & O'Higgins", "San Andrés (50 % +)", "القاهرة الكبرى", "أمدرمان", "አዲስ አበባ",
    "ኦሮሚያ ክልል", "Kẹ́hìndé", "Ke\u0323\u0301hinde\u0301", "नई दिल्ली", "می\u200cخواهم", "15–24 años", "65+", "$100–$200", "< 5 km", "a = b", "C++", "e-mail @ work",
    "Région n° 3 ; sud", "l’année 2023/24", "北京",
)  # fmt: skip
"""Names that offices write: hyphens, plus signs, money, quotes, other scripts, combining marks and joiners."""
FORBIDDEN: frozenset[str] = frozenset(
    chr(code)
    for first, last in (
        (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C), (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E),
        (0x2060, 0x2069), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xFFFE, 0xFFFF), (0xD800, 0xDFFF), (0xE0000, 0xE007F),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""What no text that leaves may hold, kept apart from the list of the library."""
