{
    "name": "Release Governance",
    "summary": "Runbooks, releases, gates, sign-offs and an execution log that prints itself",
    "version": "1.0.0",
    "category": "Productivity",
    "license": "LGPL-3",
    "author": "IPAI",
    "depends": ["mail", "ipai_series"],
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/sequence.xml",
        "data/roles.xml",
    ],
    "uninstall_hook": "uninstall_hook",
    "application": True,
    "installable": True,
}
