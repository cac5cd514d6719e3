"""Rules of the payment workflow that need no Odoo: plain values in, plain values out."""
