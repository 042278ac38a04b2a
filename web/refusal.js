// What is wrong with a file that somebody handed in. Whatever else is thrown is our own mistake.
export class Refusal extends Error {}

export function refuse(why) {
  throw new Refusal(why);
}

// `holds` must be true, and nothing but true.
export function must(holds, why) {
  if (holds !== true) refuse(typeof why === "function" ? why() : why);
}

// Why some work was refused; null where it was not.
export async function refusalOf(work) {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
