// A reader of protobuf in canonical form (specs/registry.md, section 1) and of nothing else: fields in
// ascending order, each once, none at its default, none unknown, varints as short as they can be.
//
// A schema is {number: [name, type]}. A type knows the wire it comes on, how it is read, and what it is
// when it is not there.
import {refuse} from "./refusal.js";
import {viewOf} from "./bytes.js";

const VARINT = 0, FIXED64 = 1, SIZED = 2;
const TEXT_MAX = 1024, VARINT_SIZE_MAX = 10, U64_MAX = (1n << 64n) - 1n, FIELD_MAX = (1 << 29) - 1;

class Cursor {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
    this.at = 0;
  }

  refuse(why) {
    refuse(`the ${this.what} is not in canonical form: ${why}`);
  }

  isAtEnd() {
    return this.at === this.bytes.length;
  }

  varint() {
    let value = 0n;
    for (let i = 0; i < VARINT_SIZE_MAX; i++) {
      if (this.isAtEnd()) this.refuse("it is cut short");
      const byte = this.bytes[this.at++];
      value |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte >= 128) continue;
      if (byte === 0 && i > 0) this.refuse("a number is not written as short as it can be");
      if (value > U64_MAX) this.refuse("a number has more than 64 bits");
      return value;
    }
    return this.refuse("a number has more than 10 bytes");
  }

  take(size) {
    if (size > this.bytes.length - this.at) this.refuse("it is cut short");
    this.at += Number(size);
    return this.bytes.subarray(this.at - Number(size), this.at);
  }

  sized() {
    return this.take(this.varint());
  }
}

const zigzag = (value) => (value >> 1n) ^ -(value & 1n);

function number(most, of = (value) => value) {
  return {wire: VARINT, missing: () => of(0n), isNumber: true, read(cursor) {
    const value = cursor.varint();
    if (value > most) cursor.refuse("a number is too large for its field");
    return of(value);
  }, isDefault: (value) => value === of(0n)};
}

export const u32 = number(0xffffffffn, Number);
export const u64 = number(U64_MAX); // a BigInt
export const flag = number(1n, (value) => value === 1n);
export const s32 = number(0xffffffffn, (value) => Number(zigzag(value)));
export const s64 = number(U64_MAX, zigzag);
export const fixed64 = {wire: FIXED64, missing: () => 0n, isDefault: (value) => value === 0n,
  read: (cursor) => viewOf(cursor.take(8)).getBigUint64(0, true)};

export const bytes = {wire: SIZED, missing: () => new Uint8Array(), read: (cursor) => cursor.sized(),
  isDefault: (value) => value.length === 0};

// Exactly `size` bytes; those that may be missing are null then.
export const exactly = (size) => ({...bytes, size, read: (cursor, name) => ofSize(cursor, name, size)});
export const maybe = (size) => ({...exactly(size), size: 0, missing: () => null, isDefault: () => false});

function ofSize(cursor, name, size) {
  const value = cursor.sized();
  if (value.length !== size)
    refuse(`the ${cursor.what}'s ${name} has ${value.length} bytes, not ${size}`);
  return value;
}

// Byte for byte: every text that is used is held against an alphabet afterwards.
export const text = {wire: SIZED, missing: () => "", isDefault: (value) => value === "", read(cursor) {
  const content = cursor.sized();
  if (content.length > TEXT_MAX) cursor.refuse("a text is too long");
  const value = Array.from(content, (byte) => String.fromCharCode(byte)).join("");
  if (value.includes("\0")) cursor.refuse("a text holds a zero byte");
  return value;
}};

// A message that may be missing (null). Empty ones are there.
export const message = (schema) => ({wire: SIZED, missing: () => null, isDefault: () => false,
  read: (cursor, name) => readMessage(schema, new Cursor(cursor.sized(), name))});

// A list of at most `most`; of numbers, in one field.
export function many(type, most) {
  return {wire: SIZED, missing: () => [], isList: true, isPacked: type.isNumber === true, most,
    read: (cursor, name) => type.isNumber === true ? packed(type, cursor, name) : type.read(cursor, name)};
}

function packed(type, cursor, name) {
  const inner = new Cursor(cursor.sized(), name), list = [];
  if (inner.isAtEnd()) cursor.refuse("a list without elements is written");
  while (!inner.isAtEnd()) list.push(type.read(inner, name));
  return list;
}

// One of several messages: {kind: name, body}. `schema` lists them.
export const oneOf = (schema) => Object.fromEntries(Object.entries(schema).map(
  ([field, [name, type]]) => [field, [name, {...type, isChoice: true}]]));

function store(out, [name, type], cursor) {
  const value = type.read(cursor, name);
  if (type.isChoice) {
    if (out.kind !== undefined) cursor.refuse("it says two things");
    out.kind = name;
    out.body = value;
  } else if (type.isPacked) {
    out[name] = value;
  } else if (type.isList) {
    out[name].push(value);
  } else {
    if (type.isDefault(value)) cursor.refuse(`its ${name} is written at its default`);
    out[name] = value;
  }
  if (type.isList && out[name].length > type.most)
    refuse(`the ${cursor.what} has more than ${type.most} ${name}`);
}

function missing(schema) {
  const out = {};
  for (const [name, type] of Object.values(schema)) if (!type.isChoice) out[name] = type.missing();
  return out;
}

function readMessage(schema, cursor) {
  const out = missing(schema);
  let last = 0;
  while (!cursor.isAtEnd()) {
    const tag = cursor.varint(), field = Number(tag >> 3n), wire = Number(tag & 7n);
    if (field > FIELD_MAX || !Object.hasOwn(schema, field)) cursor.refuse(`it has an unknown field, ${field}`);
    const [, type] = schema[field];
    if (wire !== type.wire) cursor.refuse(`its field ${field} is of another type`);
    if (field < last) cursor.refuse("its fields are out of order");
    if (field === last && !(type.isList && !type.isPacked)) cursor.refuse(`its field ${field} is there twice`);
    store(out, schema[field], cursor);
    last = field;
  }
  for (const [name, type] of Object.values(schema))
    if (type.size > 0 && out[name].length !== type.size)
      refuse(`the ${cursor.what}'s ${name} has ${out[name].length} bytes, not ${type.size}`);
  return out;
}

// Of all the bytes. Refuses with a reason that names `what` it should have been.
export function decode(schema, content, what) {
  if (content.length === 0) refuse(`the ${what} is empty`);
  return readMessage(schema, new Cursor(content, what));
}
