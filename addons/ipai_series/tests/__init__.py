from . import test_arch, test_compat, test_res_groups, test_sources, test_translation_scope
