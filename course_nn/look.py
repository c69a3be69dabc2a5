"""The look of the course, in one place: colors, type and spacing of pictures, panels and widgets.

What is drawn in a notebook's own text color reads well in a light and in a dark theme; color only
repeats what a mark, a word or a shape has said.
"""

# Okabe & Ito (2008), "Color Universal Design", the purple darkened: told apart by readers with any
# color vision. AMBER and SKY are too light for text and thin lines, GRAY is for what steps back.
BLACK, GRAY = "#1a1a1a", "#767676"
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#a0528a"
SKY, AMBER = "#56b4e9", "#e69f00"
NOTE = "#0080c0"  # BLUE, moved to where it is seen well on white and on black alike

# A box of sentences and rows, as inline styles: sites that show notebooks strip style sheets.
BOX = "border-left: 4px solid {color}; padding: 4px 12px; margin: 4px 0; max-width: 60em"
MARK = "color: {color}; font-weight: bold; font-size: 1.2em; margin-right: 0.4em"
LINE = "margin: 4px 0"
CODE = (
    "font-family: monospace; white-space: pre-wrap; "
    "background: none; color: inherit; margin: 0; padding: 0"
)
CELL = "text-align: left; vertical-align: top; padding: 2px 16px 2px 0"
LABEL = CELL + "; font-weight: normal; opacity: 0.75"

# Widgets: a bar at the left as the panels have it, controls that wrap, pictures as white cards.
CSS = f"""
.course-nn {{ border-left: 4px solid {NOTE}; padding: 4px 12px; margin: 4px 0; max-width: 60em;
  overflow: hidden; box-sizing: border-box; container-type: inline-size }}
.course-nn .course-nn-controls {{ gap: 2px 20px; margin: 4px 0 }}
.course-nn .course-nn-controls > * {{ margin: 2px 0 }}
.course-nn .course-nn-note {{ line-height: 1.4; min-height: 1.4em; white-space: normal;
  font-variant-numeric: tabular-nums; color: var(--jp-ui-font-color1, inherit) }}
.course-nn .course-nn-note .widget-html-content {{ line-height: inherit; height: auto }}
[data-jp-theme-light="false"] .course-nn select {{ background-image: url("data:image/svg+xml,\
<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'>\
<path d='M5.2 5.9 9 9.7l3.8-3.8L14 7.1l-5 5-5-5z' fill='%23e0e0e0'/></svg>") }}
.course-nn-stage {{ overflow-x: auto }}
.course-nn-stage.wide img {{ min-width: 640px }}
.course-nn-stage img {{ display: block; width: 100%; height: auto; background: white;
  border-radius: 4px; user-select: none; -webkit-user-drag: none }}
.course-nn-stage.draggable img {{ cursor: crosshair; touch-action: none }}
"""
