{
    "name": "IPAI Series",
    "summary": "Lets one source tree of addons run on Odoo 17.0, 18.0 and 19.0",
    "version": "1.0.0",
    "author": "IPAI",
    "license": "LGPL-3",
    "category": "Hidden/Tools",
    "depends": ["base"],
}
