// Two things Streamlit cannot do by itself: leave a page whose session has ended, and speak Russian in its own words.
(() => {
  const signIn = () => location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...parts) {
      super(...parts);
      this.addEventListener("close", (event) => { if (event.code === 4401) signIn(); });
    }
  };
  setInterval(async () => {
    const answer = await fetch("/account/ping", { cache: "no-store" }).catch(() => null);
    if (answer && answer.status === 401) signIn();
  }, 60000);
  const words = {
    "Running...": "Обновляется…", "Stop": "Остановить", "Connecting": "Соединяемся", "Connection error": "Нет связи",
    "Press Enter to apply": "Enter – применить", "Choose an option": "Выберите", "Choose options": "Выберите",
    "No results": "Ничего не найдено", "Search": "Поиск", "View more": "Ещё", "View less": "Свернуть",
    "Page not found": "Страница не найдена", "Close": "Закрыть", "empty": "пусто",
  };
  // What only screen readers and the pointer at rest show.
  const labels = {
    "Sidebar": "Боковая панель", "Collapse sidebar": "Свернуть меню", "Expand sidebar": "Развернуть меню",
    "App pages": "Страницы", "Open": "Открыть", "Choose date": "Выбрать дату", "Choose date range": "Выбрать период",
    "Show password": "Показать пароль", "Hide password": "Скрыть пароль", "Show data": "Показать данные",
    "Download as PNG": "Скачать как PNG", "Download as CSV": "Скачать как CSV", "Fullscreen": "На весь экран",
    "Close fullscreen": "Закрыть полный экран", "Copy Vega-Lite spec": "Скопировать описание графика",
    "Show/hide columns": "Показать или скрыть столбцы", "Vega visualization": "График", "progress": "Ход",
    "Clear value": "Очистить", "Clear all": "Очистить всё", "Copy to clipboard": "Скопировать",
  };
  const fields = { day: "день", month: "месяц", year: "год" };
  const rules = [
    [/^Help for (.*)$/s, (_, name) => "Подсказка: " + name],
    [/^(day|month|year), (.*)$/s, (_, field, name) => fields[field] + ", " + name],
    [/^(.*) start date$/s, (_, name) => name + ": начало"],
    [/^(.*) end date$/s, (_, name) => name + ": конец"],
    [/^\w+ icon$/, () => "значок"],
  ];
  const names = ["aria-label", "title", "placeholder"];
  const labelled = (element, name) => {
    const said = element.getAttribute(name);
    if (!said || !/[A-Za-z]/.test(said)) return;
    const found = labels[said] || words[said] || rules.reduce((text, [rule, made]) => text.replace(rule, made), said);
    if (found !== said) element.setAttribute(name, found);
  };
  const translate = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const found = words[node.textContent.trim()];
      if (found) node.textContent = found;
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || node instanceof SVGElement) return;
    names.forEach((name) => labelled(node, name));
    node.childNodes.forEach(translate);
  };
  const page = document.documentElement;
  page.lang = localStorage.getItem("synkro-language") || page.lang;
  const listen = () => {  // the cabinet tells which language this person reads
    const told = document.querySelector("[data-synkro-language]")?.dataset.synkroLanguage;
    if (!told || told === page.lang) return;
    page.lang = told;
    localStorage.setItem("synkro-language", told);
  };
  new MutationObserver((changes) => {
    listen();
    if (page.lang === "en") return;
    changes.forEach((change) => {
      if (change.type === "childList") change.addedNodes.forEach(translate);
      else if (!(change.target instanceof SVGElement)) labelled(change.target, change.attributeName);
    });
  }).observe(page, { childList: true, subtree: true, attributes: true, attributeFilter: names });
})();
