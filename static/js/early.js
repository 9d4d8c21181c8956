// Before the first paint: a chosen theme must not flash. A classic script, because modules run after it.
{
  try {
    const theme = localStorage.getItem('chorus:theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden: the system's theme it is.
  }
}
