from . import ir_actions_act_window, ir_actions_act_window_view, ir_cron, ir_ui_view
