/**
 * What the admin face says, in both languages: of what was done, and of what a field must be.
 *
 * What it says of a failure stands in `error-messages.ts`.
 *
 * @module
 */
import type { Language, Text } from "./language.ts";

/** Of what was done, by the name that a route gives. */
export const messages = {
  instancesListed: { zh: "获取实例列表成功", en: "Instances listed" },
  instanceRead: { zh: "获取实例详情成功", en: "Instance read" },
  instanceCreated: { zh: "实例创建成功", en: "Instance created" },
  instanceChanged: { zh: "实例更新成功", en: "Instance changed" },
  instanceDeleted: { zh: "实例删除成功", en: "Instance deleted" },
  statsRead: { zh: "缓存统计获取成功", en: "Cache statistics read" },
  userCleared: { zh: "用户缓存清除成功", en: "Cache of the user cleared" },
  instanceCleared: { zh: "实例缓存清除成功", en: "Cache of the instance cleared" },
  allCleared: { zh: "所有实例缓存清除成功", en: "Cache of all instances cleared" },
  someNotCleared: {
    zh: "部分实例缓存未能清除",
    en: "Cache of some instances could not be cleared",
  },
  classificationCleared: {
    zh: "分类缓存清除成功",
    en: "Cache of all classification rules cleared",
  },
  dbTypeCleared: {
    zh: "该数据库类型的分类缓存清除成功",
    en: "Cache of the database type's classification rules cleared",
  },
  classificationStatsRead: {
    zh: "分类缓存统计获取成功",
    en: "Statistics of the classification cache read",
  },
  purged: { zh: "缓存清除成功", en: "Entries purged" },
  csrfTokenMade: { zh: "CSRF 令牌获取成功", en: "CSRF token made" },
  loggedIn: { zh: "登录成功", en: "Logged in" },
  loggedOut: { zh: "退出登录成功", en: "Logged out" },
  callerRead: { zh: "获取当前用户成功", en: "Caller read" },
  passwordChanged: { zh: "密码修改成功", en: "Password changed" },
} as const satisfies Readonly<Record<string, Text>>;

export type MessageName = keyof typeof messages;

/** What a field of this face must be. A schema names the English one, and answers translate it. */
export const rules = {
  positiveInteger: { zh: "必须是正整数", en: "Must be a positive whole number" },
  notBlank: { zh: "不能为空", en: "Must be a text that is not blank" },
  text: { zh: "必须是字符串", en: "Must be a text" },
  flag: { zh: "必须是布尔值", en: "Must be true or false" },
  dbType: {
    zh: "仅支持 mysql、postgresql、sqlserver、oracle",
    en: "Must be mysql, postgresql, sqlserver or oracle",
  },
  name: {
    zh: "必须是 1 到 200 个字符的字符串",
    en: "Must be a text of 1 to 200 characters",
  },
  host: {
    zh: "必须是 1 到 255 个字符、不含空白的主机名",
    en: "Must be a host name of 1 to 255 characters without spaces",
  },
  port: { zh: "必须是 1 到 65535 的整数", en: "Must be a whole number from 1 to 65535" },
  page: {
    zh: "必须是 1 到 1000000 的整数",
    en: "Must be a whole number from 1 to 1000000",
  },
  limit: { zh: "必须是 1 到 1000 的整数", en: "Must be a whole number from 1 to 1000" },
  object: { zh: "必须是 JSON 对象", en: "Must be an object" },
  params: {
    zh: "必须是值为字符串的非空对象",
    en: "Must be an object of texts that is not empty",
  },
  selector: {
    zh: "必须给出至少一个选择条件，或 all: true",
    en: "Must name what to purge, or say all: true",
  },
  allAlone: {
    zh: "不能与其他选择条件同时使用",
    en: "Must not stand beside another selector",
  },
  needsSource: { zh: "需要同时给出 source_id", en: "Needs a source_id" },
  noSuchField: { zh: "没有此字段", en: "No such field" },
  json: { zh: "不是有效的 UTF-8 JSON", en: "Not valid JSON in UTF-8" },
  credentials: {
    zh: "Authorization 与 X-API-Key 不一致",
    en: "Authorization and X-API-Key name different tokens",
  },
  tokenInHeader: {
    zh: "必须放在 X-CSRFToken 请求头中",
    en: "Must be sent in the header X-CSRFToken",
  },
  username: {
    zh: "必须是 1 到 256 个字符的字符串",
    en: "Must be a text of 1 to 256 characters",
  },
  password: {
    zh: "必须是 1 到 1024 个字符的字符串",
    en: "Must be a text of 1 to 1024 characters",
  },
  passwordShort: { zh: "至少需要 12 个字符", en: "Must have at least 12 characters" },
  passwordLong: {
    zh: "必须是有效文本，且不超过 1024 字节",
    en: "Must be well-formed text of at most 1024 bytes",
  },
  passwordIsName: { zh: "不能与用户名相同", en: "Must not be the username" },
  passwordIsCurrent: { zh: "不能与当前密码相同", en: "Must not be the current password" },
  escape: { zh: "路径中的百分号编码无效", en: "Malformed percent-escape in the path" },
  unicode: {
    zh: "不是有效的 Unicode 文本",
    en: "Not Unicode text: it holds half a surrogate pair",
  },
  control: { zh: "不允许控制字符", en: "Control characters are not allowed" },
} as const satisfies Readonly<Record<string, Text>>;

const ruleOf = new Map<string, Text>(Object.values(rules).map((rule) => [rule.en, rule]));

/** `english` in `language`; as it is where nobody has translated it. */
export function translated(english: string, language: Language): string {
  return ruleOf.get(english)?.[language] ?? english;
}
