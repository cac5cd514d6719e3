from . import controllers, core, models, report, wizard
from .hooks import uninstall_hook
