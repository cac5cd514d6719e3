{
    "name": "IPAI Series Probe",
    "summary": "One record of every kind of data, to compare the series in tests",
    "version": "1.0.0",
    "author": "IPAI",
    "license": "LGPL-3",
    "category": "Hidden/Tests",
    "depends": ["ipai_series", "mail"],
    "data": [
        "security/series_probe_groups.xml",
        "security/ir.model.access.csv",
        "security/series_probe_rules.xml",
        "data/ir_cron.xml",
        "report/series_probe_report.xml",
        "data/mail_template.xml",
        "data/ir_actions_server.xml",
        "views/series_probe_views.xml",
        "views/series_probe_menus.xml",
    ],
    "assets": {
        "web.assets_tests": ["ipai_series_probe/static/tests/tours/*.js"],
    },
}
