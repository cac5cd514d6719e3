from . import execution_log, ir_actions_report
