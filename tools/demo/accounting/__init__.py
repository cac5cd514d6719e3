"""Makes the accounting data of the demo through Odoo's own API.

``create(env, today)`` is the way in, in :mod:`~tools.demo.accounting.history`; it is not imported
here, so that :mod:`~tools.demo.accounting.plan` can be read without Odoo.
"""
