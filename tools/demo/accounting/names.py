"""Invented names of partners, articles and bank labels. A likeness to a real company is chance."""

from typing import NamedTuple


class Article(NamedTuple):
    """Something sold or bought; prices without tax, ``most`` the largest quantity on a line."""

    name: str
    low: float
    high: float
    most: int
    account: str | None = None


CUSTOMERS = (
    "Amberline Interiors",
    "Birchgate Clinics",
    "Blue Lantern Hotels",
    "Calder Street School",
    "Copperfield Dairy",
    "Dovecote Property Care",
    "Eastmere Ferries",
    "Fallowfield Theatre",
    "Fernhollow Estates",
    "Glasswing Opticians",
    "Greyharbour Logistics",
    "Hazelmoor Farms",
    "Ironbridge Row Residents",
    "Juniper Vale Spa",
    "Kestrel Point Marina",
    "Larkspur Bakery",
    "Maplecroft Offices",
    "Northfold Housing",
    "Oakhaven Lettings",
    "Pebblebrook Cafés",
    "Quillon Publishing",
    "Redwater Boatyard",
    "Saltmarsh Gallery",
    "Tallowgate Storage",
    "Umberfield Garage",
    "Vellum & Sons",
    "Westerly Court",
    "Willowmere Care Homes",
    "Yarrow Lane Nursery",
    "Zephyr Coach Lines",
)

SUPPLIERS = (
    "Ashdown Timber",
    "Bramble Cleaning",
    "Cinder Hill Heating",
    "Drumlin Aggregates",
    "Ember Electrical",
    "Flintlock Security",
    "Gorse Hill Paints",
    "Halcyon Insurance Brokers",
    "Inkwell Stationers",
    "Jackdaw Telecom",
    "Kiln Lane Ceramics",
    "Limestone Surveyors",
    "Millrace Water",
    "Nettlecombe Glass",
    "Otterburn Plumbing",
    "Pinecrest Print",
    "Quarry Bank Tools",
    "Rookery Roofing",
    "Stonechat Legal",
    "Thistledown Textiles",
    "Upland Vehicles",
    "Verdigris Metals",
    "Wharf Street Power",
    "Yewtree Gardens",
)

# Countries for which Odoo offers no localisation that would install itself.
COUNTRIES = ("is", "fo", "li", "sm", "ad", "gg")

SOLD = (
    Article("Property management, monthly fee", 180, 950, 2, "income"),
    Article("Viewing and letting service", 90, 420, 3, "income"),
    Article("Maintenance visit", 65, 240, 6, "income"),
    Article("Inventory report", 45, 160, 4, "income"),
    Article("Rent collection", 25, 140, 12, "income"),
    Article("Key handling", 5, 25, 20, "other_income"),
    Article("Project supervision, day", 380, 720, 8, "income"),
)

BOUGHT = (
    Article("Office rent", 900, 2600, 1, "expense_rent"),
    Article("Building materials", 8, 95, 40, "expense"),
    Article("Craftsman, hour", 38, 85, 24, "expense"),
    Article("Tools and equipment", 120, 1900, 2, "expense_invest"),
    Article("Electricity and water", 60, 540, 1, "expense"),
    Article("Advertisement", 45, 380, 4, "expense_sales"),
    Article("Legal advice, hour", 120, 260, 6, "expense"),
)

STATEMENT_LABELS = (
    "Card fees",
    "Interest",
    "Transfer without reference",
    "Deposit",
    "Standing order 4471",
    "Returned direct debit",
)
