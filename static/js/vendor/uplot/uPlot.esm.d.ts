// Ours: the shipped types speak of a CommonJS module, uPlot.esm.js has a default export.
import uPlot = require('./uPlot.cjs');
export default uPlot;
