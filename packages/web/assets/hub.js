// Runs before the first paint: the chosen theme, and the page's data as `window.jhdata`. Everything that can wait
// is in page.js.
const themes = ['system', 'light', 'dark'];
const jhdata = JSON.parse(document.getElementById('jhdata')?.textContent || '{}');
window.jhdata = jhdata;

function savedTheme() {
  try {
    const saved = localStorage.getItem('hub-theme');
    return themes.includes(saved) ? saved : 'system';
  } catch {
    return 'system'; // storage is switched off in this browser
  }
}

function applyTheme(name) {
  if (name === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  const word = jhdata.texts?.[{ system: 'themeSystem', light: 'themeLight', dark: 'themeDark' }[name]];
  for (const button of document.querySelectorAll('[data-theme-toggle]')) {
    if (word) button.setAttribute('aria-label', word);
  }
}

let theme = savedTheme();
applyTheme(theme);
addEventListener('DOMContentLoaded', () => applyTheme(theme));
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-theme-toggle]')) return;
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  try {
    localStorage.setItem('hub-theme', theme);
  } catch {
    // storage is switched off: the choice holds for this page
  }
  applyTheme(theme);
});
