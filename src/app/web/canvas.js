// What the drawing pad does; `pad.py` builds it. Gradio provides `element` and `props`: a value that is set is read.
const PEN = 10, RUBBER = 24;  // pixels: how wide they are
const CLEARED = {};  // takes the place of a stroke, so that it can be undone
const canvas = element.querySelector("canvas"), brush = canvas.getContext("2d");
const [undo, redo, eraser, clear] = element.querySelectorAll("button");
let strokes = [], undone = [], current = null;

function draw({points, width, color}, start = 0) {
    brush.lineWidth = width;
    brush.strokeStyle = color;
    brush.lineCap = brush.lineJoin = "round";
    brush.beginPath();
    brush.moveTo(points[start][0] + 0.01, points[start][1]);  // so that a single point is a dot
    for (const [x, y] of points.slice(start)) brush.lineTo(x, y);
    brush.stroke();
}

function isClear() {
    return !strokes.length || strokes.at(-1) === CLEARED;
}

function drawAll() {
    brush.fillStyle = "white";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    for (const stroke of strokes.slice(strokes.lastIndexOf(CLEARED) + 1)) draw(stroke);
    if (current?.points.length) draw(current);
    undo.setAttribute("aria-disabled", !strokes.length);
    redo.setAttribute("aria-disabled", !undone.length);
    clear.setAttribute("aria-disabled", isClear());
}

function change() {
    drawAll();
    props.value = isClear() ? "" : canvas.toDataURL("image/png");
}

function add(stroke) {
    strokes.push(stroke);
    undone = [];
    change();
}

function move(event) {
    const {points} = current, known = points.length, {left, top} = canvas.getBoundingClientRect();
    const events = event.getCoalescedEvents?.() ?? [];
    for (const {clientX, clientY} of events.length ? events : [event]) points.push([clientX - left, clientY - top]);
    draw(current, Math.max(known - 1, 0));
}

function end(event) {
    if (event.pointerId !== current?.id) return;
    const stroke = current;
    current = null;
    if (event.type === "pointercancel") change();  // it was a gesture, or the palm of a hand
    else add(stroke);
}

canvas.addEventListener("pointerdown", (event) => {
    const isPen = event.pointerType === "pen" && current?.type === "touch";  // while a palm rests there
    if (event.button || (current && !isPen)) return;  // another button, or another finger
    canvas.setPointerCapture(event.pointerId);
    const erases = eraser.getAttribute("aria-pressed") === "true";
    current = {id: event.pointerId, type: event.pointerType, points: [],
        width: erases ? RUBBER : PEN, color: erases ? "white" : "black"};
    if (isPen) drawAll();
    move(event);
});
canvas.addEventListener("pointermove", (event) => { if (event.pointerId === current?.id) move(event); });
for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(type, end);
undo.addEventListener("click", () => { if (strokes.length) { undone.push(strokes.pop()); change(); } });
redo.addEventListener("click", () => { if (undone.length) { strokes.push(undone.pop()); change(); } });
clear.addEventListener("click", () => { if (!isClear()) add(CLEARED); });
eraser.addEventListener("click", () => {
    eraser.setAttribute("aria-pressed", eraser.getAttribute("aria-pressed") !== "true");
});
new ResizeObserver(() => {
    if (!canvas.clientWidth) return;  // in a tab that is not shown
    canvas.width = canvas.clientWidth;
    canvas.height = canvas.clientHeight;
    change();
}).observe(canvas);
