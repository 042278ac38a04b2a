// The words for what became of a claim. The first four are those of `vouch verify`.
export const SHOWN = "shown";
export const NOT_SHOWN = "not shown";
export const NOT_CLAIMED = "not claimed";
export const FALSE = "FALSE";
export const NOT_CHECKED = "not checked here";
