{
    "name": "Release Checks",
    "summary": "Integrity SQL, baselines, guards, logs and more, run from a button and kept as proof",
    "version": "1.0.0",
    "category": "Productivity",
    "license": "LGPL-3",
    "author": "IPAI",
    "depends": ["ipai_series", "ipai_release_governance"],
    "external_dependencies": {"python": ["jsonschema", "requests", "lxml"]},
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/cron.xml",
        "data/server_actions.xml",
    ],
    "installable": True,
}
