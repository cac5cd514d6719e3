from . import res_groups
