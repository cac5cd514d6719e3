from . import host_key_wizard, host_setup_wizard, reason_wizard, restore_wizard
