from . import core, models, wizard
from .hooks import uninstall_hook
