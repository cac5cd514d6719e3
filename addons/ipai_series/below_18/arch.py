"""A view written as for Odoo 18.0 and later, in the words of 17.0. Imports no Odoo."""

import re

from lxml import etree

CARD_STEP = re.compile(r"""t\[@t-name=(['"])card\1\]""")
LIST_STEP = re.compile(r"(?<![\w@$.-])list(?![\w(.-])")
MENU_NAME = re.compile(r"""(@t-name=)(['"])menu\2""")
QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")
CHATTER_PLACE = "//div[hasclass('oe_chatter')]"
CHATTER_FIELDS = ("message_follower_ids", "activity_ids", "message_ids")


def translate_arch(arch, model_fields):
    """Return the XML of a view with the elements that 17.0 knows; what is in them already stays.

    :param str arch: a view that is no QWeb template, an inheriting one included.
    :param model_fields: names of the model's fields; the chatter shows those that exist.
    :raises lxml.etree.XMLSyntaxError: ``arch`` is not well-formed.
    """
    root = etree.fromstring(arch)
    for chatter in list(root.iter("chatter")):
        _translate_chatter(chatter, model_fields)
    for node in root.iter("list"):
        node.tag = "tree"
    for node in root.iter("field"):
        if "mode" in node.attrib:
            node.set("mode", translate_view_modes(node.get("mode")))
    for node in root.iter("xpath"):
        node.set("expr", _translate_expr(node.get("expr")))
    for node in list(root.iter("t")):
        _translate_template(node)
    return etree.tostring(root, encoding="unicode")


def translate_view_modes(modes):
    """``"list,form"`` → ``"tree,form"``."""
    return ",".join("tree" if mode == "list" else mode for mode in modes.split(","))


def _translate_chatter(chatter, model_fields):
    if "position" in chatter.attrib:
        # The place an inheriting view looks for.
        chatter.tag = "xpath"
        chatter.set("expr", CHATTER_PLACE)
        return
    chatter.tag = "div"
    chatter.set("class", "oe_chatter")
    for name in CHATTER_FIELDS:
        if name in model_fields:
            etree.SubElement(chatter, "field", name=name)


def _translate_expr(expr):
    expr = CARD_STEP.sub("t[@t-name='kanban-box']/div", expr)
    expr = MENU_NAME.sub(r"\1\2kanban-menu\2", expr)
    expr = expr.replace("//chatter", CHATTER_PLACE)
    parts = QUOTED.split(expr)
    parts[::2] = (LIST_STEP.sub("tree", part) for part in parts[::2])
    return "".join(parts)


def _translate_template(node):
    if node.get("t-name") == "menu":
        node.set("t-name", "kanban-menu")
    elif node.get("t-name") == "card":
        node.set("t-name", "kanban-box")
        _wrap_card(node)


def _wrap_card(box):
    """Put the card into the one element that 17.0 frames, colours and makes clickable."""
    classes = box.attrib.pop("class", "")
    kanban = next(box.iterancestors("kanban"), None)
    attributes = {} if kanban is None else kanban.attrib
    card = etree.Element("div")
    card.text, box.text = box.text, None
    card.extend(list(box))
    box.append(card)
    if attributes.get("can_open", "1").lower() not in ("0", "false"):
        classes = f"oe_kanban_global_click {classes}"
    direction = "" if "flex-row" in classes else "flex-column"
    card.set("class", " ".join(f"d-flex {direction} {classes}".split()))
    if "highlight_color" in attributes:
        card.set("color", attributes["highlight_color"])
