"""Classifications that codes of the schema are checked against: ISO 3166-1, ISO 4217, ISCO-08 and ISIC Rev.4.

Ranges are written with a hyphen. The upper levels follow from the lowest one, by their digits; a code may be
written at any level, with zeros at its end ("5000") or, where it was stored as a number, without the one in front.
"""

from __future__ import annotations

from functools import cache

_COUNTRIES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES: frozenset[str] = frozenset(_COUNTRIES.split()) | {f"X{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
"""ISO 3166-1 alpha-2, 249 codes; and XA to XZ, which the standard leaves to its users."""

_CURRENCIES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC
XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
"""
CURRENCIES: frozenset[str] = frozenset(_CURRENCIES.split())
"""ISO 4217, the codes in use in 2026."""

_ISCO_08_UNITS = """
    0110 0210 0310 1111-1114 1120 1211-1213 1219 1221-1223 1311 1312 1321-1324 1330 1341-1346 1349 1411 1412 1420
    1431 1439 2111-2114 2120 2131-2133 2141-2146 2149 2151-2153 2161-2166 2211 2212 2221 2222 2230 2240 2250
    2261-2267 2269 2310 2320 2330 2341 2342 2351-2356 2359 2411-2413 2421-2424 2431-2434 2511-2514 2519 2521-2523
    2529 2611 2612 2619 2621 2622 2631-2636 2641-2643 2651-2656 2659 3111-3119 3121-3123 3131-3135 3139 3141-3143
    3151-3155 3211-3214 3221 3222 3230 3240 3251-3259 3311-3315 3321-3324 3331-3334 3339 3341-3344 3351-3355 3359
    3411-3413 3421-3423 3431-3435 3511-3514 3521 3522 4110 4120 4131 4132 4211-4214 4221-4227 4229 4311-4313
    4321-4323 4411-4416 4419 5111-5113 5120 5131 5132 5141 5142 5151-5153 5161-5165 5169 5211 5212 5221-5223 5230
    5241-5246 5249 5311 5312 5321 5322 5329 5411-5414 5419 6111-6114 6121-6123 6129 6130 6210 6221-6224 6310 6320
    6330 6340 7111-7115 7119 7121-7127 7131-7133 7211-7215 7221-7224 7231-7234 7311-7319 7321-7323 7411-7413 7421
    7422 7511-7516 7521-7523 7531-7536 7541-7544 7549 8111-8114 8121 8122 8131 8132 8141-8143 8151-8157 8159 8160
    8171 8172 8181-8183 8189 8211 8212 8219 8311 8312 8321 8322 8331 8332 8341-8344 8350 9111 9112 9121-9123 9129
    9211-9216 9311-9313 9321 9329 9331-9334 9411 9412 9510 9520 9611-9613 9621-9624 9629
"""
"""The 436 unit groups of ISCO-08; with 130 minor, 43 sub-major and 10 major groups."""

_ISIC_4_CLASSES = {
    "A": ("0111-0116 0119 0121-0129 0130 0141-0146 0149 0150 0161-0164 0170 0210 0220 0230 0240 0311 0312 0321 0322"),
    "B": "0510 0520 0610 0620 0710 0721 0729 0810 0891-0893 0899 0910 0990",
    "C": (
        "1010 1020 1030 1040 1050 1061 1062 1071-1075 1079 1080 1101-1104 1200 1311-1313 1391-1394 1399 1410 "
        "1420 1430 1511 1512 1520 1610 1621-1623 1629 1701 1702 1709 1811 1812 1820 1910 1920 2011-2013 "
        "2021-2023 2029 2030 2100 2211 2219 2220 2310 2391-2396 2399 2410 2420 2431 2432 2511-2513 2520 "
        "2591-2593 2599 2610 2620 2630 2640 2651 2652 2660 2670 2680 2710 2720 2731-2733 2740 2750 2790 "
        "2811-2819 2821-2826 2829 2910 2920 2930 3011 3012 3020 3030 3040 3091 3092 3099 3100 3211 3212 3220 "
        "3230 3240 3250 3290 3311-3315 3319 3320"
    ),
    "D": "3510 3520 3530",
    "E": "3600 3700 3811 3812 3821 3822 3830 3900",
    "F": "4100 4210 4220 4290 4311 4312 4321 4322 4329 4330 4390",
    "G": (
        "4510 4520 4530 4540 4610 4620 4630 4641 4649 4651-4653 4659 4661-4663 4669 4690 4711 4719 4721-4723 "
        "4730 4741 4742 4751-4753 4759 4761-4764 4771-4774 4781 4782 4789 4791 4799"
    ),
    "H": "4911 4912 4921-4923 4930 5011 5012 5021 5022 5110 5120 5210 5221-5224 5229 5310 5320",
    "I": "5510 5520 5590 5610 5621 5629 5630",
    "J": "5811-5813 5819 5820 5911-5914 5920 6010 6020 6110 6120 6130 6190 6201 6202 6209 6311 6312 6391 6399",
    "K": "6411 6419 6420 6430 6491 6492 6499 6511 6512 6520 6530 6611 6612 6619 6621 6622 6629 6630",
    "L": "6810 6820",
    "M": "6910 6920 7010 7020 7110 7120 7210 7220 7310 7320 7410 7420 7490 7500",
    "N": (
        "7710 7721 7722 7729 7730 7740 7810 7820 7830 7911 7912 7990 8010 8020 8030 8110 8121 8129 8130 8211 "
        "8219 8220 8230 8291 8292 8299"
    ),
    "O": "8411-8413 8421-8423 8430",
    "P": "8510 8521 8522 8530 8541 8542 8549 8550",
    "Q": "8610 8620 8690 8710 8720 8730 8790 8810 8890",
    "R": "9000 9101-9103 9200 9311 9312 9319 9321 9329",
    "S": "9411 9412 9420 9491 9492 9499 9511 9512 9521-9524 9529 9601-9603 9609",
    "T": "9700 9810 9820",
    "U": "9900",
}
"""The 419 classes of ISIC Rev.4 by section; with 238 groups, 88 divisions and 21 sections."""


def _every(text: str) -> list[str]:
    codes: list[str] = []
    for word in text.split():
        first, _, last = word.partition("-")
        codes += [f"{number:04d}" for number in range(int(first), int(last or first) + 1)]
    return codes


def _levels(lowest: list[str]) -> frozenset[str]:
    """All codes of the levels above, too, and the ways in which offices write them."""
    levels = {code[:digits] for code in lowest for digits in (1, 2, 3, 4)}
    padded = {code.ljust(width, "0") for code in levels for width in (2, 3, 4) if width >= len(code)}
    every = levels | padded
    return frozenset(every | {code.lstrip("0") or "0" for code in every})


@cache
def occupations() -> frozenset[str]:
    """ISCO-08 (ILO, 2008), one to four digits.

    Examples
    --------
    >>> [code in occupations() for code in ("9111", "911", "9", "9000", "110", "9999")]
    [True, True, True, True, True, False]
    """
    return _levels(_every(_ISCO_08_UNITS))


@cache
def industries() -> frozenset[str]:
    """ISIC Rev.4 (United Nations, 2008): the letter of a section, or two to four digits.

    Examples
    --------
    >>> [code in industries() for code in ("T", "97", "9700", "111", "9999")]
    [True, True, True, True, False]
    """
    classes = [code for text in _ISIC_4_CLASSES.values() for code in _every(text)]
    one_digit = frozenset("0123456789")
    return (
        (_levels(classes) - one_digit) | frozenset(_ISIC_4_CLASSES) | frozenset(str(number) for number in range(1, 10))
    )


def section_of(code: str) -> str:
    """Give the section of an ISIC code; empty where it has none.

    Examples
    --------
    >>> section_of("9700"), section_of("C"), section_of("01")
    ('T', 'C', 'A')
    """
    if code in _ISIC_4_CLASSES:
        return code
    found = [section for section, text in _ISIC_4_CLASSES.items() if code.zfill(2)[:2] in {c[:2] for c in _every(text)}]
    return found[0] if found else ""


CLASSIFICATIONS: dict[str, str] = {
    "ISO 3166-1": "countries, two letters",
    "ISO 4217": "currencies, three letters",
    "ISCO-08": "occupations, one to four digits",
    "ISIC Rev.4": "industries, a letter or two to four digits",
}


def allowed(classification: str) -> frozenset[str]:
    """Give all codes of a classification, by its name in `CLASSIFICATIONS`."""
    if classification == "ISO 3166-1":
        return COUNTRIES
    if classification == "ISO 4217":
        return CURRENCIES
    return occupations() if classification == "ISCO-08" else industries()
