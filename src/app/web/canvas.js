// The behaviour of the drawing canvas that canvas.py builds. Gradio provides `element` and `props`; setting
// `props.value` sends the drawing to the server.
const PEN_WIDTH = 10, ERASER_WIDTH = 24;  // pixels
const CLEARED = {};  // Marks a click on Clear in the list of strokes, so that it can be undone.
const canvas = element.querySelector("canvas"), context = canvas.getContext("2d");
const [undo, redo, eraser, clear] = element.querySelectorAll("button");
let strokes = [], undone = [], current = null;

function draw({points, width, color}, start = 0) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(points[start][0] + 0.01, points[start][1]);  // The offset makes a single point visible.
    for (const [x, y] of points.slice(start)) context.lineTo(x, y);
    context.stroke();
}

function isClear() {
    return !strokes.length || strokes.at(-1) === CLEARED;
}

function drawAll() {
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
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
    if (event.type === "pointercancel") change();  // It was a gesture, or the palm of a hand.
    else add(stroke);
}

canvas.addEventListener("pointerdown", (event) => {
    const isPen = event.pointerType === "pen" && current?.type === "touch";  // The palm touched first.
    if (event.button || (current && !isPen)) return;  // Another button, or another finger.
    canvas.setPointerCapture(event.pointerId);
    const erases = eraser.getAttribute("aria-pressed") === "true";
    current = {id: event.pointerId, type: event.pointerType, points: [],
        width: erases ? ERASER_WIDTH : PEN_WIDTH, color: erases ? "white" : "black"};
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
    if (!canvas.clientWidth) return;  // The tab is hidden.
    canvas.width = canvas.clientWidth;
    canvas.height = canvas.clientHeight;
    change();
}).observe(canvas);
