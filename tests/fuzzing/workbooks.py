"""Workbooks part by part: cells that say nothing of where they are or lie far away, entities, members that are not what they say."""

from __future__ import annotations

import io
import random
import struct
import zipfile

from tests.fuzzing.changes import blind

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
FAR = (
    "XFD1048576",
    "A1048576",
    "XFD1",
    "XFE1",
    "A1048577",
    "ZZZ9999999",
    "a1",
    "A0",
    "1A",
    "",
    "A",
    "1",
    "AAAA1",
    "A-1",
    "A1:B2",
    "$A$1",
)
VALUES = (
    "0",
    "1",
    "-1",
    "99999999",
    "1e308",
    "1e999",
    "nan",
    "",
    " ",
    "text",
    "&amp;",
    "2020-01-01T00:00:00",
    "TRUE",
    "9" * 400,
)
LOL = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))


def members(
    cells: str, *, strings: str = "", workbook: str = "", styles: str | None = None, head: str = HEAD
) -> dict[str, bytes]:
    """The parts of a workbook of one worksheet."""
    sheet = f'{head}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    book = workbook or (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    result = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
        'Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    if strings:
        result["xl/sharedStrings.xml"] = strings
    if styles is not None:
        result["xl/styles.xml"] = styles
    return {name: text.encode("utf-8", "surrogatepass") for name, text in result.items()}


def packed(parts: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as book:
        for name, part in parts.items():
            book.writestr(name, part)
    return content.getvalue()


def row(cells: list[str], number: int | None) -> str:
    """A row that says where it is, or does not."""
    return f"<row{'' if number is None else f' r="{number}"'}>{''.join(cells)}</row>"


def text_cell(text: str, position: str | None = None) -> str:
    """A cell with its text in it."""
    return f'<c{"" if position is None else f' r="{position}"'} t="inlineStr"><is><t>{text}</t></is></c>'


def number_cell(value: str, position: str | None = None, kind: str = "n", style: int | None = None) -> str:
    """A cell with a number, or what stands there instead."""
    at = "" if position is None else f' r="{position}"'
    return f'<c{at} t="{kind}"{"" if style is None else f' s="{style}"'}><v>{value}</v></c>'


def _cells(rng: random.Random) -> str:
    columns, said = rng.randint(1, 4), rng.random() < 0.7
    place = [[f"{'ABCD'[at]}{line}" if said else None for at in range(columns)] for line in range(1, 7)]
    lines = [row([text_cell(f"name{at}", place[0][at]) for at in range(columns)], 1 if said else None)]
    for line in range(1, rng.randint(1, 6)):
        cells: list[str] = []
        for at in range(columns):
            position = place[line][at]
            if rng.random() < 0.04:
                position = rng.choice((*FAR, None, "B2", "A1"))
            kind = "n" if rng.random() < 0.8 else rng.choice(("s", "b", "e", "str", "d", "inlineStr", "?"))
            style = rng.choice((None, None, 0, 1, 5, 4_000_000_000))
            cells.append(number_cell(rng.choice(VALUES), position, kind, style))
        number = line + 1 if said else None
        lines.append(
            row(cells, rng.choice((0, 1, 1_048_576, 2_000_000, 4_294_967_296)) if rng.random() < 0.08 else number)
        )
    return "".join(lines)


def _strings(rng: random.Random) -> str:
    kind = rng.randrange(25)
    if kind == 1:
        return f'{HEAD}<!DOCTYPE sst [<!ENTITY l0 "lol">{LOL}]><sst xmlns="{MAIN}"><si><t>&l9;</t></si></sst>'
    if kind == 2:
        return f'{HEAD}<sst xmlns="{MAIN}" count="4294967295" uniqueCount="{rng.choice((0, 1, 2**31, 2**63, 10**30))}"><si><t>a</t></si></sst>'
    if kind == 3:
        return f'{HEAD}<sst xmlns="{MAIN}">{"<si>" * rng.choice((1, 100, 20_000))}</sst>'
    if kind == 4:
        return ""
    return f'{HEAD}<sst xmlns="{MAIN}"><si><t>a</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>'


def _workbook(rng: random.Random) -> str:
    kind = rng.randrange(60)
    sheets = {
        0: '<sheet name="a" sheetId="1" r:id="none"/>',
        1: '<sheet sheetId="1" r:id="r1"/>',
        2: '<sheet name="" sheetId="x" r:id="r2"/>',
        3: "",
        4: '<sheet name="a" sheetId="1" r:id="r1" state="veryHidden"/>' * 300,
        5: "&l9;",
    }.get(kind)
    if sheets is None:
        return ""
    entities = f'<!DOCTYPE workbook [<!ENTITY l0 "lol">{LOL}]>' if kind == 5 else ""
    return f'{HEAD}{entities}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'


def make(rng: random.Random) -> bytes:
    """A workbook."""
    styles = f'{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="{rng.choice((14, 22, 999_999_999_999))}"/></cellXfs></styleSheet>'
    head = HEAD if rng.random() < 0.9 else rng.choice(('<?xml version="1.0" encoding="UTF-16"?>', "", "\ufeff"))
    content = members(
        _cells(rng), strings=_strings(rng), workbook=_workbook(rng), styles=rng.choice((None, styles)), head=head
    )
    kind = rng.randrange(14)
    if kind == 0:
        del content[rng.choice(sorted(content))]
    elif kind == 1:
        name = rng.choice(sorted(content))
        content[name] = blind(content[name], rng)
    elif kind == 2:
        name = rng.choice(sorted(content))
        content[f"{'../' * rng.randint(1, 3)}{name}"] = content.pop(name)
    elif kind == 3:
        content["xl/worksheets/sheet1.xml"] += b"\0" * rng.choice((1, 10_000, 3_000_000))
    whole = packed(content, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)))
    if kind == 4:
        return blind(whole, rng)
    return _lying(whole, rng) if kind == 5 else whole


def _lying(whole: bytes, rng: random.Random) -> bytes:
    """Sizes, flags and methods of members that are not so."""
    raw = bytearray(whole)
    signature, places = rng.choice(
        (
            (b"PK\x01\x02", (8, 10, 20, 24, 28, 42)),
            (b"PK\x03\x04", (6, 8, 18, 22, 26)),
            (b"PK\x05\x06", (8, 10, 12, 16)),
        )
    )
    met = [at for at in range(len(raw)) if raw.startswith(signature, at)]
    at = rng.choice(met) + rng.choice(places)
    struct.pack_into("<H", raw, at, rng.choice((0, 1, 8, 9, 99, 0xFFFF, 0x7FFF)))
    return bytes(raw)
