// What the drawing pad does; `pad.py` builds it. Gradio provides `element` and `props`: a value that is set is read.
const PEN = 10, RUBBER = 24;  // pixels: how wide they are
const CLEARED = {};  // takes the place of a stroke, so that it can be undone
const canvas = element.querySelector("canvas"), pen = canvas.getContext("2d");
const [undo, redo, eraser, clear] = element.querySelectorAll("button");
let strokes = [], undone = [], current = null;

function draw({points, width, color}) {
    pen.lineWidth = width;
    pen.strokeStyle = color;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    points.forEach(([x, y]) => pen.lineTo(x, y));
    pen.stroke();
}

function drawAll() {
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    strokes.slice(strokes.lastIndexOf(CLEARED) + 1).forEach(draw);
    undo.disabled = !strokes.length;
    redo.disabled = !undone.length;
    clear.disabled = !strokes.length || strokes.at(-1) === CLEARED;
}

function change() {
    drawAll();
    props.value = clear.disabled ? "" : canvas.toDataURL("image/png");
}

function add(stroke) {
    strokes.push(stroke);
    undone = [];
    change();
}

function move(event) {
    const {left, top} = canvas.getBoundingClientRect();
    const events = event.getCoalescedEvents?.() ?? [];
    for (const {clientX, clientY} of events.length ? events : [event]) current.points.push([clientX - left, clientY - top]);
    draw(current);
}

canvas.addEventListener("pointerdown", (event) => {
    if (current || event.button) return;  // another finger, or another button
    canvas.setPointerCapture(event.pointerId);
    const erases = eraser.ariaPressed === "true";
    current = {id: event.pointerId, points: [], width: erases ? RUBBER : PEN, color: erases ? "white" : "black"};
    move(event);
    move(event);  // a line of one point is not drawn
});
canvas.addEventListener("pointermove", (event) => { if (event.pointerId === current?.id) move(event); });
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => {
    if (event.pointerId !== current?.id) return;
    add(current);
    current = null;
});
undo.addEventListener("click", () => { undone.push(strokes.pop()); change(); });
redo.addEventListener("click", () => { strokes.push(undone.pop()); change(); });
clear.addEventListener("click", () => add(CLEARED));
eraser.addEventListener("click", () => { eraser.ariaPressed = String(eraser.ariaPressed !== "true"); });
new ResizeObserver(() => {
    if (!canvas.clientWidth) return;  // in a tab that is not shown
    [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight];
    drawAll();
}).observe(canvas);
